import { type Place, textsOf } from "./words.ts";

export function fishScript(places: readonly Place[]): string {
  const paths = places.flatMap(({ path }) => (path === "" ? [] : [quote(path)]));
  return `# podule completion fish | source
function __podule_at
  set -l place
  set -l before (commandline -opc)
  for word in $before[2..]
    if contains -- (string trim -- "$place $word") ${paths.join(" ")}
      set -a place $word
    else
      break
    end
  end
  test "$place" = "$argv[1]"
end
complete -c podule -f -n '__podule_at ""'
${places.flatMap(linesOf).join("\n")}
`;
}

function linesOf({ path, words, choices }: Place): string[] {
  const at = `complete -c podule -n '__podule_at "${path}"'`;
  const withChoices = new Set(choices.flatMap(({ flags }) => flags));
  return [
    ...words
      .filter(({ text }) => !withChoices.has(text))
      .map(({ text, description }) => {
        const what = text.startsWith("--") ? `-l ${text.slice(2)}` : `-f -a ${quote(text)}`;
        return `${at} ${what} -d ${quote(description)}`;
      }),
    ...choices.map(
      ({ flags, words: values }) => `${at} ${flags.map(flagOf).join(" ")} -xa ${quote(textsOf(values))}`,
    ),
  ];
}

function flagOf(flag: string): string {
  return flag.startsWith("--") ? `-l ${flag.slice(2)}` : `-s ${flag.slice(1)}`;
}

function quote(text: string): string {
  return `'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;
}
