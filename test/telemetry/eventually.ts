import { setTimeout as sleep } from "node:timers/promises";

/** Polls until it is so. Throws `otherwise` after 60 s. */
export async function eventually(
  isSo: () => Promise<boolean>,
  otherwise: () => string = () => "It has not come about",
): Promise<void> {
  const deadline = Date.now() + 60_000;
  while (!(await isSo())) {
    if (Date.now() > deadline) throw new Error(otherwise());
    await sleep(50);
  }
}
