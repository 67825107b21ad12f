import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { RequestHomes } from "./request-homes.ts";

const GRACE_MS = 1000;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["performance"] });
});
afterEach(() => {
  vi.useRealTimers();
});

test("a pod is remembered while a call of the request runs, and for the grace time after the last", () => {
  const homes = new RequestHomes(GRACE_MS, 10);
  homes.begin("a", "pods/1");
  homes.begin("a", "pods/1");
  vi.advanceTimersByTime(10 * GRACE_MS);
  homes.end("a", true);
  vi.advanceTimersByTime(10 * GRACE_MS);
  expect(homes.podOf("a")).toBe("pods/1");
  homes.end("a", true);
  vi.advanceTimersByTime(GRACE_MS - 1);
  expect(homes.podOf("a")).toBe("pods/1");
  vi.advanceTimersByTime(2);
  expect(homes.podOf("a")).toBeUndefined();
  expect(homes.size).toBe(0);
});

test("what no pod has begun has no home", () => {
  const homes = new RequestHomes(GRACE_MS, 10);
  homes.begin("a", "pods/1");
  homes.end("a", false);
  expect(homes.podOf("a")).toBeUndefined();
});

test("no more than so many; a long call does not keep those behind it from being forgotten when there are too many", () => {
  const homes = new RequestHomes(GRACE_MS, 3);
  homes.begin("long", "pods/1");
  for (const key of ["a", "b"]) {
    homes.begin(key, "pods/2");
    homes.end(key, true);
  }
  expect(homes.begin("c", "pods/1")).toBe(false);
  expect(homes.begin("a", "pods/2")).toBe(true);
  homes.end("a", true);
  vi.advanceTimersByTime(GRACE_MS + 1);
  expect(homes.begin("c", "pods/1")).toBe(true);
  expect([homes.podOf("long"), homes.podOf("b")]).toEqual(["pods/1", undefined]);
});
