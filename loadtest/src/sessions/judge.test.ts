import { expect, test } from "vitest";
import { judge } from "./judge.ts";
import type { Row } from "./row.ts";

function row(subject: string, scenario: string, inFlight: number, callsPerSecond: number): Row {
  const p50Ms = (inFlight * 1000) / callsPerSecond;
  return { subject, scenario, inFlight, calls: 9, failed: 0, callsPerSecond, p50Ms, p99Ms: 2 * p50Ms };
}

const fault = {
  fault: "kill",
  sent: 3,
  answered: 2,
  failedTyped: 1,
  reasons: {},
  twice: 0,
  unaccounted: 0,
  backMs: 5,
};

test("each claim holds or not by the rows it names; without them it is open", () => {
  const rows = [
    row("Podule", "add", 1, 1000),
    row("grpcio sync", "add", 1, 900),
    row("Podule", "add", 64, 40_000),
    row("grpcio sync", "add", 64, 4000),
    row("Podule", "sum 8 MB", 1, 30),
    row("grpcio sync", "sum 8 MB", 1, 10),
    row("Podule", "chain of 10", 1, 500),
  ];
  const faults = [fault, { ...fault, fault: "other", unaccounted: 1 }];
  const verdicts = judge({ rows, growth: { envoy: 3, manager: 70 }, faults });
  const holds = (start: string) => verdicts.find(({ claim }) => claim.startsWith(start))?.holds;
  expect(holds("add, 1 in flight")).toBe(true);
  expect(holds("add, 64 in flight")).toBe(false);
  expect(holds("add, 16 in flight: ahead of RPyC")).toBeUndefined();
  expect(holds("sum 8 MB")).toBe(true);
  expect(holds("sum 64 MB")).toBeUndefined();
  expect(holds("a chain of 10")).toBe(false);
  expect(holds("256 MB by value: envoy")).toBe(true);
  expect(holds("256 MB by value: manager")).toBe(false);
  expect(holds("kill")).toBe(true);
  expect(holds("other")).toBe(false);
});
