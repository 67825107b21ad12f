import { setTimeout as sleep } from "node:timers/promises";

/** Waits until the condition holds; throws after `ms`. */
export async function until(condition: () => boolean | Promise<boolean>, ms = 20_000): Promise<void> {
  const end = performance.now() + ms;
  while (!(await condition())) {
    if (performance.now() > end) throw new Error(`Not within ${ms} ms: ${condition}`);
    await sleep(20);
  }
}
