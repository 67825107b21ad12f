import { expect, test } from "vitest";
import { slope } from "./memory.ts";

test("the slope of a line is its own, of noise about none", () => {
  const line = Array.from({ length: 10 }, (_, x) => [x, 3 * x + 7] as const);
  expect(slope(line)).toBeCloseTo(3);
  const noise = Array.from({ length: 1000 }, (_, x) => [x, x % 2] as const);
  expect(Math.abs(slope(noise))).toBeLessThan(1e-4);
  expect(slope([[1, 1]])).toBe(0);
});
