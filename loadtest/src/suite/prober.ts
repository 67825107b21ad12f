import { setTimeout as sleep } from "node:timers/promises";
import type { Stack } from "@podule/test/stack/stack.ts";
import { int } from "@podule/test/stack/values.ts";
import type { Measured } from "./result.ts";

const EVERY_MS = 10;
/** Beyond it a bystander would say that it hangs. */
export const DEADLINE_MS = 10_000;

export interface Probed {
  readonly row: Measured;
  readonly failed: number;
  readonly p99Ms: number;
}

/** A bystander on a connection of its own: a small call now and then, while others do their worst. */
export function startProber(stack: Stack): { stop(): Promise<Probed> } {
  const connection = stack.connect();
  const times: number[] = [];
  let failed = 0;
  let isStopped = false;
  const probing = (async () => {
    while (!isStopped) {
      const begun = performance.now();
      await connection.call("operator", "add", [int(1), int(2)], { timeoutMs: DEADLINE_MS }).then(
        () => times.push(performance.now() - begun),
        () => {
          failed += 1;
        },
      );
      await sleep(EVERY_MS);
    }
  })();
  return {
    async stop() {
      isStopped = true;
      await probing;
      const sorted = times.toSorted((a, b) => a - b);
      const at = (share: number) => sorted[Math.floor(sorted.length * share)] ?? Number.NaN;
      const row = { who: "bystander", calls: sorted.length, failed, "p50 ms": at(0.5), "p99 ms": at(0.99) };
      return { row, failed, p99Ms: at(0.99) };
    },
  };
}
