import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { createLoadReport, type PodLoad } from "./load-report.ts";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

it("tells that something has changed, the latest state, and no oftener than ten times a second", () => {
  const sent: unknown[] = [];
  let load: PodLoad = { calls: 0, sessions: 0 };
  const report = createLoadReport(() => load);
  const stop = report.watch((message) => sent.push(message));
  for (let calls = 1; calls <= 1000; calls++) {
    load = { calls, sessions: 1 };
    report.changed();
  }
  expect(sent).toEqual([]);
  vi.advanceTimersByTime(100);
  expect(sent).toEqual([{ calls: 1000, sessions: 1 }]);
  vi.advanceTimersByTime(1000);
  expect(sent).toHaveLength(1);
  // A call that has come and gone.
  report.changed();
  report.changed();
  vi.advanceTimersByTime(100);
  expect(sent).toEqual([load, load]);
  load = { calls: 0, sessions: 0 };
  stop();
  load = { calls: 1, sessions: 0 };
  report.changed();
  vi.advanceTimersByTime(100);
  expect(sent).toHaveLength(2);
  expect(report.current).toEqual(load);
});

it("costs nothing where nobody is to be told", () => {
  createLoadReport(() => ({ calls: 1, sessions: 1 })).changed();
  expect(vi.getTimerCount()).toBe(0);
});
