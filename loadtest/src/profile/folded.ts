import type { Profiler } from "node:inspector";

/** Stacks, outermost first and joined by ";", and how much of the time each was seen. */
export type Folded = ReadonlyMap<string, number>;

/** The profiler's own work at its beginning and end. */
const PROFILER = "post node:inspector";

/** Of V8. Idle time is left out, and what the profiler itself takes: what is shown is where CPU time goes. */
export function foldProfile({ nodes, samples = [], timeDeltas = [] }: Profiler.Profile): Folded {
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const parents = new Map<number, number>();
  for (const { id, children = [] } of nodes) for (const child of children) parents.set(child, id);
  const stacks = new Map<number, string>();
  const stackOf = (id: number): string => {
    const known = stacks.get(id);
    if (known !== undefined) return known;
    const parent = parents.get(id);
    const outer = parent === undefined ? "" : stackOf(parent);
    const frame = byId.get(id)?.callFrame;
    const own = frame === undefined || parent === undefined ? "" : nameOf(frame);
    const stack = outer === "" || own === "" ? own : `${outer};${own}`;
    stacks.set(id, stack);
    return stack;
  };
  const folded = new Map<string, number>();
  for (const [n, id] of samples.entries()) {
    const stack = stackOf(id);
    if (stack === "" || stack === "(idle)" || stack.endsWith(PROFILER)) continue;
    folded.set(stack, (folded.get(stack) ?? 0) + (timeDeltas[n] ?? 0));
  }
  return folded;
}

function nameOf({ functionName, url }: { functionName: string; url: string }): string {
  const file = url.slice(url.lastIndexOf("/") + 1);
  const name = functionName === "" ? "(anonymous)" : functionName;
  return (file === "" ? name : `${name} ${file}`).replaceAll(";", ",");
}

/** Lines of "stack count", as py-spy writes them. */
export function parseFolded(text: string): Folded {
  const folded = new Map<string, number>();
  for (const line of text.split("\n")) {
    const at = line.lastIndexOf(" ");
    const count = Number(line.slice(at + 1));
    if (at > 0 && Number.isFinite(count)) folded.set(line.slice(0, at), count);
  }
  return folded;
}

/** The functions in which most time is spent themselves, as shares of all. */
export function hottest(folded: Folded, count: number): { readonly name: string; readonly share: number }[] {
  const self = new Map<string, number>();
  let total = 0;
  for (const [stack, time] of folded) {
    const name = stack.slice(stack.lastIndexOf(";") + 1);
    self.set(name, (self.get(name) ?? 0) + time);
    total += time;
  }
  return [...self]
    .sort(([, a], [, b]) => b - a)
    .slice(0, count)
    .map(([name, time]) => ({ name, share: time / total }));
}
