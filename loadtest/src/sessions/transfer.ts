import type { Part, Process } from "@podule/test/stack/processes.ts";
import { residentBytes } from "@podule/test/stack/processes.ts";

const EVERY_MS = 5;
const HOPS: readonly Part[] = ["envoy", "manager", "pod"];

/** How much each hop's resident memory grew at most while `work` ran, in MiB. */
export async function peakGrowth(
  processes: readonly Process[],
  work: () => PromiseLike<unknown>,
): Promise<Record<string, number>> {
  const hops = processes.filter(({ part }) => HOPS.includes(part));
  const before = new Map(hops.map(({ pid }) => [pid, residentBytes(pid)]));
  const peak = new Map(before);
  const timer = setInterval(() => {
    for (const { pid } of hops) peak.set(pid, Math.max(peak.get(pid) ?? 0, residentBytes(pid)));
  }, EVERY_MS);
  try {
    await work();
  } finally {
    clearInterval(timer);
  }
  const growth: Record<string, number> = {};
  for (const { pid, part } of hops) {
    const mebibytes = ((peak.get(pid) ?? 0) - (before.get(pid) ?? 0)) / 2 ** 20;
    growth[part] = Math.max(growth[part] ?? 0, mebibytes);
  }
  return growth;
}
