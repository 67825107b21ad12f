import { readFileSync } from "node:fs";

const PRIVATE = /^Private_(?:Clean|Dirty):\s+(\d+) kB$/gm;

/** Bytes of memory that the process shares with no other; undefined where the system does not say. About 0.3 ms. */
export function privateMemory(pid: number): number | undefined {
  try {
    return privateBytes(readFileSync(`/proc/${pid}/smaps_rollup`, "utf8"));
  } catch {
    return undefined;
  }
}

export function privateBytes(rollup: string): number | undefined {
  const amounts = [...rollup.matchAll(PRIVATE)].map(([, kilobytes]) => Number(kilobytes) * 1024);
  return amounts.length === 0 ? undefined : amounts.reduce((sum, bytes) => sum + bytes, 0);
}
