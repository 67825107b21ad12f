import { readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { scalingSettings } from "./settings.ts";
import { poduleScaler } from "./testing/podule.ts";
import { simulate, type Trace } from "./testing/simulate.ts";
import { comparison, weekComparison } from "./testing/table.ts";
import { traces } from "./testing/traces.ts";

const settings = { ...scalingSettings(undefined), maxPods: 100 };
const run = (trace: Trace) => simulate(trace, poduleScaler(settings));
const changesOf = (wanted: readonly number[]) =>
  wanted.filter((pods, index) => index > 0 && pods !== wanted[index - 1]).length;

describe("under simulated calls", () => {
  it("a constant load comes to rest at its ideal", { timeout: 60_000 }, () => {
    fc.assert(
      fc.property(fc.double({ min: 0.2, max: 50, noNaN: true }), (rate) => {
        const { wanted, ideal } = run({ seconds: 600, rate: () => rate });
        const settled = wanted.slice(240);
        expect(changesOf(settled)).toBeLessThanOrEqual(2);
        for (const pods of settled) expect(Math.abs(pods - (ideal[0] ?? 0))).toBeLessThanOrEqual(1);
      }),
      { numRuns: 30 },
    );
  });

  it("a step is served within seconds", () => {
    const { pods, ideal, waited, begun } = run(traces.step);
    expect(pods[126]).toBeGreaterThanOrEqual(ideal[126] ?? 0);
    expect(waited / begun).toBeLessThan(0.05);
    expect(pods.at(-1)).toBe(ideal.at(-1));
  });

  it("a burst leaves nothing behind", () => {
    const { pods, answered, begun } = run(traces.burst);
    expect(pods.at(-1)).toBe(2);
    expect(begun - answered).toBeLessThanOrEqual(2);
  });

  it("a load that comes and goes keeps its pods", () => {
    const { wanted } = run(traces.flapping);
    expect(Math.min(...wanted.slice(60))).toBeGreaterThan(7);
    const { waited, begun } = run(traces.flapping);
    expect(waited / begun).toBeLessThan(0.1);
  });

  it("silence ends at zero", () => {
    const { wanted } = run(traces.silence);
    expect(wanted.at(-1)).toBe(0);
    // Five minutes after the last call, and not before.
    expect(wanted.slice(0, 419)).not.toContain(0);
  });

  it.each(["lost reports", "clock ahead", "clock back"] as const)("%s change nothing", (name) => {
    const { wanted } = run(traces[name]);
    expect(new Set(wanted.slice(190))).toEqual(new Set([8]));
  });

  it("another leader goes on where the last one was", () => {
    const { wanted, pods, ideal } = run(traces["leader change"]);
    // The load is at its new height when the leader changes twice.
    expect(new Set(wanted.slice(300, 420))).toEqual(new Set([wanted[299]]));
    expect(Math.min(...pods.slice(130))).toBeGreaterThanOrEqual(ideal[599] ?? 0);
    expect(wanted.at(-1)).toBe(ideal.at(-1));
  });

  const page = readFileSync(join(import.meta.dirname, "../../../docs/scaling.md"), "utf8");
  const bare = (text: string) => text.replaceAll(/ +|-{3,}/g, " ");

  it("the published table is what comes out", () => {
    expect(bare(page)).toContain(bare(comparison()));
  });

  it("a week costs what is published", { timeout: 120_000 }, () => {
    expect(bare(page)).toContain(bare(weekComparison()));
  });
});
