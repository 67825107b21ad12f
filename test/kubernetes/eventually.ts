import { setTimeout as sleep } from "node:timers/promises";

/** Asks until the answer is as wanted; the last one is in the error. */
export async function eventually<T>(
  ask: () => Promise<T>,
  wanted: (answer: T) => boolean,
  withinMs = 60_000,
): Promise<T> {
  const end = Date.now() + withinMs;
  for (;;) {
    const answer = await ask();
    if (wanted(answer)) return answer;
    if (Date.now() > end) throw new Error(`Not as wanted after ${withinMs} ms: ${String(answer)}`);
    await sleep(250);
  }
}
