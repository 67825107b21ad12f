import { type Place, textsOf, type Word } from "./words.ts";

export function bashScript(places: readonly Place[]): string {
  const reply = (words: string) => `COMPREPLY=($(compgen -W ${words} -- "$word"))`;
  return `# source <(podule completion bash)
_podule() {
  local word=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD-1]} place="" known="" i
${walk("COMP_WORDS", 1, "COMP_CWORD", places)}
  case "$place $previous" in
${choices(places, (words) => `${reply(quote(textsOf(words)))}; return`)}
  esac
  case "$place" in
${places.map(({ path, words }) => `    ${quote(path)}) known=${quote(textsOf(words))} ;;`).join("\n")}
  esac
  ${reply('"$known"')}
}
complete -o default -F _podule podule
`;
}

export function zshScript(places: readonly Place[]): string {
  return `# source <(podule completion zsh)
_podule() {
  local previous=\${words[CURRENT-1]} place="" i
  local -a known
${walk("words", 2, "CURRENT", places)}
  case "$place $previous" in
${choices(places, (words) => `compadd -- ${textsOf(words)}; return`)}
  esac
  case "$place" in
${places.map(({ path, words }) => `    ${quote(path)}) known=(${words.map(described).join(" ")}) ;;`).join("\n")}
  esac
  _describe podule known || _files
}
compdef _podule podule
`;
}

/** Goes down the commands that are already there. */
function walk(words: string, first: number, end: string, places: readonly Place[]): string {
  const paths = places.flatMap(({ path }) => (path === "" ? [] : [quote(path)]));
  return `  for ((i = ${first}; i < ${end}; i++)); do
    case "\${place:+$place }\${${words}[i]}" in
      ${paths.join("|")}) place="\${place:+$place }\${${words}[i]}" ;;
      *) break ;;
    esac
  done`;
}

function choices(places: readonly Place[], then: (words: readonly Word[]) => string): string {
  return places
    .flatMap(({ path, choices: options }) =>
      options.map(({ flags, words }) => {
        const patterns = flags.map((flag) => quote(`${path} ${flag}`)).join("|");
        return `    ${patterns}) ${then(words)} ;;`;
      }),
    )
    .join("\n");
}

function described({ text, description }: Word): string {
  return quote(`${text.replaceAll(":", "\\:")}:${description}`);
}

function quote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
