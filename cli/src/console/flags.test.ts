import { expect, test } from "vitest";
import { timeSpan, wholeNumber } from "./flags.ts";

test.each([
  ["250ms", 250],
  ["5", 5000],
  ["1.5s", 1500],
  ["2m", 120_000],
  ["1h", 3_600_000],
])("%s is %d ms", (text, ms) => {
  expect(timeSpan(text)).toBe(ms);
});

test.each(["", "0", "-1s", "5 s", "1d", "9999999h", "x"])("%j is no time", (text) => {
  expect(() => timeSpan(text)).toThrow(/such as/);
});

test("whole numbers within their bounds", () => {
  expect(wholeNumber(1, 64)("64")).toBe(64);
  for (const text of ["0", "65", "1.5", "", "x"])
    expect(() => wholeNumber(1, 64)(text)).toThrow(/from 1 to 64/);
});
