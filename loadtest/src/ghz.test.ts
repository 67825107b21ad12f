import { expect, test } from "vitest";
import { parseOutcome } from "./ghz.ts";

const report = {
  count: 10,
  rps: 5.5,
  latencyDistribution: [
    { percentage: 50, latency: 1_500_000 },
    { percentage: 99, latency: 9_000_000 },
  ],
  statusCodeDistribution: { OK: 7, Unavailable: 2, Canceled: 1 },
};

test("reads ghz's report; whatever is not OK has failed", () => {
  expect(parseOutcome(report)).toEqual({ calls: 10, failed: 3, callsPerSecond: 5.5, p50Ms: 1.5, p99Ms: 9 });
});

test("a report without calls is an error", () => {
  expect(() => parseOutcome({ ...report, count: 0 })).toThrow("no call");
  expect(() => parseOutcome({ count: 3 })).toThrow("lacks");
});
