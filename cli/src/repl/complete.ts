/** What readline is told: the words that may stand at the end of the line, and what of it they replace. */
export type Completion = [words: string[], replaced: string];

/** Completes the last dotted name of a line; `dir` gives the names below a path. */
export async function complete(
  line: string,
  dir: (path: string) => Promise<readonly string[]>,
): Promise<Completion> {
  const [name = ""] = /[\p{L}_][\p{L}\p{N}_.]*$/u.exec(line) ?? [];
  const dot = name.lastIndexOf(".");
  const path = dot < 0 ? "" : name.slice(0, dot);
  const begun = name.slice(dot + 1);
  const all = await dir(path).catch(() => []);
  // As Python does it: names with an underscore only where one is asked for.
  const fitting = all.filter((word) => word.startsWith(begun) && (begun !== "" || !word.startsWith("_")));
  const words = fitting.toSorted().map((word) => (path === "" ? word : `${path}.${word}`));
  return [words, name];
}
