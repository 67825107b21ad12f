import { expect, test } from "vitest";
import type { Environment } from "../report.ts";
import { parsePast, ratiosOf, regressions } from "./history.ts";
import { renderHtml } from "./render-html.ts";
import { type Gate, passes, type ScenarioReport } from "./result.ts";
import { svgChart } from "./svg-chart.ts";

const gate = (value: number, is: Gate["is"] = "at least"): Gate => ({
  what: "calls",
  value,
  bound: 1.5,
  is,
  kind: "ratio",
});
const report = (...gates: Gate[]): ScenarioReport => ({ name: "unary", about: "a < b", seconds: 3, gates });
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

test("a scenario passes where all its bounds hold and it came to an end", () => {
  expect(passes(report(gate(1.5)))).toBe(true);
  expect(passes(report(gate(1.4)))).toBe(false);
  expect(passes(report(gate(1.4, "at most")))).toBe(true);
  expect(passes({ ...report(), error: "no" })).toBe(false);
});

test("a ratio more than a tenth worse than the median of the last runs is a regression", () => {
  const past = [9, 2, 2.1, 1.9, 2, 50].flatMap((value) => ratiosOf([report(gate(value))], "t", "c"));
  expect(regressions([report(gate(1.85))], past)).toEqual([]);
  expect(regressions([report(gate(1.7))], past)).toEqual([
    { scenario: "unary", gate: "calls", ratio: 1.7, before: 2 },
  ]);
  expect(regressions([report(gate(2.3, "at most"))], past)).toHaveLength(1);
  expect(regressions([report(gate(0.1))], [])).toEqual([]);
});

test("a line of the history comes back; others are passed over", () => {
  const [past] = ratiosOf([report(gate(2))], "t", "c");
  expect(parsePast(JSON.stringify(past))).toEqual(past);
  for (const line of ["", "{", "null", '{"ratio":"2"}']) expect(parsePast(line)).toBeUndefined();
});

test("the page says what does not hold, and escapes what it is given", () => {
  const chart = {
    title: "pods <of> it",
    unit: "pods",
    series: [
      {
        name: "ready",
        points: [
          [0, 1],
          [9, 3],
        ] as const,
      },
    ],
  };
  const page = renderHtml(environment, [{ ...report(gate(1)), charts: [chart] }], []);
  expect(page).toContain("DOES NOT HOLD");
  expect(page).toContain("a &lt; b");
  expect(page).toContain("pods &lt;of>");
  expect(page.match(/<svg/g)).toHaveLength(1);
});

test("a chart keeps its lines within its frame", () => {
  const points = Array.from({ length: 50 }, (_, at) => [at, Math.abs(Math.sin(at)) * 1234] as const);
  const svg = svgChart({ title: "t", unit: "u", steps: true, series: [{ name: "s", points }] });
  const [, drawn = ""] = /points="([^"]*)"/.exec(svg) ?? [];
  const pairs = drawn.split(" ").map((pair) => pair.split(",").map(Number));
  expect(pairs).toHaveLength(99);
  for (const [x = -1, y = -1] of pairs) {
    expect(x >= 56 && x <= 710).toBe(true);
    expect(y >= 28 && y <= 212).toBe(true);
  }
});
