import { expect, test } from "vitest";
import { judgeLeaks, type Sample } from "./judge-leaks.ts";

const sample = (residentMiB: number, live = 0, table = 0): Sample => ({
  objects: 1,
  seconds: 1,
  residentMiB,
  live,
  table,
});

test("objects that stay are a leak, so is memory that grows", () => {
  expect(judgeLeaks([sample(20), sample(30), sample(22)])).toEqual({ grownMiB: 2, holds: true });
  expect(judgeLeaks([sample(20), sample(25)]).holds).toBe(false);
  expect(judgeLeaks([sample(20), sample(20, 1)]).holds).toBe(false);
  expect(judgeLeaks([sample(20), sample(20, 0, 3)]).holds).toBe(false);
  expect(() => judgeLeaks([sample(20)])).toThrow("Nothing");
});
