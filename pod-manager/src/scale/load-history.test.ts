import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createLoadHistory } from "./load-history.ts";

describe("the history of a load", () => {
  it("weighs each report by the time it holds", () => {
    const history = createLoadHistory(60_000);
    history.report(10_000, 4);
    expect(history.average(10_000, 60_000)).toBe(4);
    history.report(10_250, 0);
    history.report(11_000, 0);
    expect(history.average(11_000, 60_000)).toBeCloseTo(1);
  });

  it("knows nothing of the time after a report that was the last for long", () => {
    const history = createLoadHistory(60_000);
    expect(history.average(0, 60_000)).toBeUndefined();
    history.report(0, 6);
    history.report(30_000, 0);
    history.report(35_000, 0);
    expect(history.average(35_000, 60_000)).toBeCloseTo(3);
    expect(history.average(35_000, 6_000)).toBe(0);
    expect(history.average(200_000, 6_000)).toBe(0);
  });

  it("forgets what is older than the window, and begins anew when the clock is set back", () => {
    const history = createLoadHistory(10_000);
    for (let second = 0; second <= 100; second++) history.report(second * 1000, second < 80 ? 9 : 1);
    expect(history.average(100_000, 10_000)).toBe(1);
    history.report(5000, 7);
    history.report(6000, 7);
    expect(history.average(6000, 10_000)).toBe(7);
  });

  it("keeps what it knows when the window changes", () => {
    const history = createLoadHistory(10_000);
    for (let second = 0; second <= 100; second++) history.report(second * 1000, 3);
    history.resize(60_000);
    expect(history.average(100_000, 60_000)).toBe(3);
    history.resize(2000);
    expect(history.average(100_000, 2000)).toBe(3);
  });

  it("is never outside of what was reported", () => {
    const reports = fc.array(fc.tuple(fc.integer({ min: 0, max: 20_000 }), fc.nat(100)), { minLength: 1 });
    fc.assert(
      fc.property(reports, fc.constantFrom(1000, 6000, 60_000), (list, window) => {
        const history = createLoadHistory(60_000);
        let now = 0;
        for (const [ms, load] of list) {
          now += ms;
          history.report(now, load);
        }
        const average = history.average(now, window);
        const loads = list.map(([, load]) => load);
        if (average === undefined) throw new Error("Something was reported");
        expect(average).toBeGreaterThanOrEqual(Math.min(...loads) - 1e-9);
        expect(average).toBeLessThanOrEqual(Math.max(...loads) + 1e-9);
      }),
    );
  });
});
