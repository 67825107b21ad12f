import type { TraceSpan } from "@podule/proto/podule/v1/traces.ts";
import { expect, test } from "vitest";
import { duration, waterfall } from "./waterfall.ts";

function span(service: string, name: string, ids: [string, string], start: number, ms: number): TraceSpan {
  const time = (all: number) => ({ seconds: BigInt(Math.floor(all / 1000)), nanos: (all % 1000) * 1e6 });
  return {
    service: `podule-${service}`,
    instance: "x",
    name,
    spanId: ids[0],
    parentSpanId: ids[1],
    startTime: time(1_700_000_000_000 + start),
    duration: time(ms),
    error: "",
    attributes: new Map(),
    events: [],
  };
}

test("a line a span, below its parent, with a bar for when it was", () => {
  const worker = span("worker", "sum", ["3", "2"], 40, 50);
  worker.attributes.set("podule.run.duration", "0.05");
  const spans = [
    span("manager", "podule.v1.Calls/Call", ["1", "outside"], 0, 100),
    span("module-server", "podule.v1.Calls/Call", ["2", "1"], 20, 80),
    worker,
  ];
  const line = (label: string, from: number, length: number, time: string) =>
    `${label.padEnd(26)}  ${" ".repeat(from)}${"█".repeat(length)}${" ".repeat(21 - from - length)} ${time.padStart(10)}`;
  expect(waterfall({ traceId: "t", spans }, 60).split("\n")).toEqual([
    "trace t  2023-11-14T22:13:20.000Z  100.0 ms",
    "",
    line("manager Calls/Call", 0, 21, "100.0 ms"),
    line("  module-server Calls/Call", 4, 17, "80.0 ms"),
    line("    worker sum", 8, 11, "50.0 ms"),
    line("      run", 8, 11, "50.0 ms"),
    "",
  ]);
});

test("parents that are missing, circles, and words with escape sequences", () => {
  const circle = [span("manager", "a", ["1", "2"], 0, 1), span("manager", "b", ["2", "1"], 0, 1)];
  expect(waterfall({ traceId: "t", spans: circle }, 80)).toMatch(/manager a.*\n.*manager b/);
  expect(waterfall({ traceId: "t", spans: [] }, 80)).toBe("No spans\n");
  const orphan = span("worker", "\u001b[31mred", ["9", "8"], 0, 0);
  expect(waterfall({ traceId: "t", spans: [orphan] }, 80)).toContain("    worker \ufffd[31mred");
});

test.each([
  [0.0004, "0 µs"],
  [0.25, "250 µs"],
  [1.25, "1.3 ms"],
  [61_000, "61.00 s"],
])("%d ms is %s", (ms, text) => {
  expect(duration(ms)).toBe(text);
});
