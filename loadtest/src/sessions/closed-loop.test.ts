import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { closedLoop } from "./closed-loop.ts";

test("keeps so many in flight, counts answers and failures", async () => {
  let inFlight = 0;
  let most = 0;
  let calls = 0;
  const row = await closedLoop({ subject: "s", scenario: "x", inFlight: 4 }, 0.3, async () => {
    most = Math.max(most, ++inFlight);
    await sleep(5);
    inFlight -= 1;
    if (++calls % 10 === 0) throw new Error("one of ten");
  });
  expect(most).toBe(4);
  expect(row.calls + row.failed).toBe(calls - 1);
  expect(row.failed).toBe(Math.floor(calls / 10));
  expect(row.p50Ms).toBeGreaterThanOrEqual(4);
  expect(row.p99Ms).toBeGreaterThanOrEqual(row.p50Ms);
});
