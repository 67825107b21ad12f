import { setTimeout as sleep } from "node:timers/promises";

/** Waits until `look` gives something other than undefined or false; throws after `ms`. */
export async function eventually<T>(look: () => T | undefined | false, ms = 20_000): Promise<T> {
  const end = performance.now() + ms;
  while (performance.now() < end) {
    const found = look();
    if (found !== undefined && found !== false) return found;
    await sleep(5);
  }
  throw new Error(`Not within ${ms} ms: ${look}`);
}
