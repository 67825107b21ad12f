import { readFileSync } from "node:fs";

/** Clock ticks are hundredths of a second on Linux, whatever the kernel's own timer (USER_HZ). */
const MICROSECONDS_PER_TICK = 10_000;

/** CPU time used so far by a process with all its threads, user and system, in µs. */
export function cpuTime(pid: number): number {
  return parseStat(readFileSync(`/proc/${pid}/stat`, "latin1"));
}

/** The command in the second field may hold spaces and parentheses: counting starts behind its last one. */
export function parseStat(stat: string): number {
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) * MICROSECONDS_PER_TICK;
}

/** Runs `work` and says how much CPU time each named group of processes took for it, in µs. */
export async function measureCpu<T>(
  groups: ReadonlyMap<string, readonly number[]>,
  work: () => Promise<T>,
): Promise<{ result: T; cpu: Map<string, number> }> {
  const before = total(groups);
  const result = await work();
  const cpu = new Map<string, number>();
  for (const [name, after] of total(groups)) cpu.set(name, after - (before.get(name) ?? 0));
  return { result, cpu };
}

function total(groups: ReadonlyMap<string, readonly number[]>): Map<string, number> {
  return new Map([...groups].map(([name, pids]) => [name, pids.reduce((sum, pid) => sum + cpuTime(pid), 0)]));
}
