import { expect, test } from "vitest";
import { type Environment, median, meetsExpectation, type Round, renderReport, summarize } from "./report.ts";

const environment: Environment = {
  time: "2026-11-24T12:00:00Z",
  commit: "abc",
  kernel: "6",
  cpu: "a CPU",
  cores: 2,
  memoryGiB: 4,
  loadBefore: 1.5,
  node: "v24",
  envoy: "Envoy 1",
  ghz: "ghz v0",
};

function round(side: "podule" | "grpcio", concurrency: number, callsPerSecond: number): Round {
  const cpuMicroseconds: Record<string, number> =
    side === "podule" ? { envoy: 50, manager: 90 } : { grpcio: 300 };
  const outcome = { calls: 100, failed: 0, callsPerSecond, p50Ms: 1, p99Ms: 2 };
  return { side, concurrency, connections: 4, seconds: 5, cpuMicroseconds, ...outcome };
}

test("the rounds of the highest concurrency decide, by their medians", () => {
  const rounds = [
    round("podule", 1, 10),
    round("grpcio", 1, 1000),
    ...[300, 1, 320].map((rate) => round("podule", 64, rate)),
    ...[100, 110, 9000].map((rate) => round("grpcio", 64, rate)),
  ];
  const summary = summarize(rounds);
  expect(summary).toEqual({ callsRatio: 300 / 110, cpuMicroseconds: 140, failed: 0 });
  expect(meetsExpectation(summary)).toBe(true);
  expect(meetsExpectation({ ...summary, callsRatio: 1.4 })).toBe(false);
  expect(meetsExpectation({ ...summary, cpuMicroseconds: 171 })).toBe(false);
  expect(meetsExpectation({ ...summary, failed: 1 })).toBe(false);
  const text = renderReport(environment, rounds);
  expect(text).toContain("load before: 1.5 (the machine was busy");
  expect(text).toContain("2.73 times grpcio");
  expect(text).toContain("envoy 50, manager 90");
});

test("median of an odd and an even number of rounds", () => {
  expect(median([3, 1, 2])).toBe(2);
  expect(median([4, 1, 2, 3])).toBe(2.5);
});
