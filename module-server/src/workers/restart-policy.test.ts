import { expect, test } from "vitest";
import { afterDeath, HOPELESS, NO_DEATHS } from "./restart-policy.ts";

function delays(count: number, begunCall: boolean, everyMs: number): number[] {
  let deaths = NO_DEATHS;
  return Array.from({ length: count }, (_, at) => {
    const next = afterDeath(deaths, begunCall, at * everyMs);
    deaths = next.deaths;
    return next.delayMs;
  });
}

test("a worker that dies of calls is replaced at once, up to a rate", () => {
  expect(delays(20, true, 0)).toEqual(Array.from({ length: 20 }, () => 0));
  expect(delays(21, true, 0).at(-1)).toBe(200);
  expect(delays(100, true, 200)).toEqual(Array.from({ length: 100 }, () => 0));
});

test("one that dies before it has begun a call waits longer each time, up to 10 s", () => {
  expect(delays(4, false, 0)).toEqual([100, 200, 400, 800]);
  expect(delays(60, false, 0).at(-1)).toBe(10_000);
});

test("a call that was begun ends the row", () => {
  let deaths = NO_DEATHS;
  for (let count = 0; count < HOPELESS; count++) deaths = afterDeath(deaths, false, 0).deaths;
  expect(deaths.idle).toBe(HOPELESS);
  expect(afterDeath(deaths, true, 0).deaths.idle).toBe(0);
});
