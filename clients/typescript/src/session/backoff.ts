const FIRST_MS = 50;
const MAX_MS = 2_000;

/** How long to wait before the next attempt: longer each time, and not at the same moment as everybody else. */
export function backoffMs(attempt: number, random: number): number {
  const full = Math.min(MAX_MS, FIRST_MS * 2 ** Math.min(attempt, 10));
  return full / 2 + (random * full) / 2;
}
