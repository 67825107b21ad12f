import { expect, test } from "vitest";
import { median, table } from "./report.ts";

test("the median is the middle one, or the mean of the two middle ones", () => {
  expect(median([3, 1, 2])).toBe(2);
  expect(median([4, 1, 2, 3])).toBe(2.5);
  expect(median([])).toBeNaN();
});

test("a table has its numbers below each other", () => {
  expect(
    table([
      ["side", "calls", "failed"],
      ["podule", "12345", "0"],
    ]),
  ).toEqual(["side    calls  failed", "podule  12345  0"]);
});
