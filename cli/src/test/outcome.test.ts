import { expect, test } from "vitest";
import { total } from "./outcome.ts";

test("under CI what was skipped has failed", () => {
  const outcomes = [
    { title: "a", ms: 1, counts: { passed: 5, failed: 0, skipped: 2 } },
    { title: "b", ms: 1, counts: { passed: 1, failed: 1, skipped: 0 } },
  ];
  expect(total(outcomes, false)).toEqual({ passed: 6, failed: 1, skipped: 2 });
  expect(total(outcomes, true)).toEqual({ passed: 6, failed: 3, skipped: 2 });
});
