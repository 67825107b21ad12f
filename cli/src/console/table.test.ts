import { expect, test } from "vitest";
import { table } from "./table.ts";
import { age } from "./time.ts";

test("columns are as wide as they need to be, and others' words stay on their line", () => {
  expect(
    table(
      ["A", "B"],
      [
        ["long", "x\u001b[31m\ny"],
        ["é", ""],
      ],
    ),
  ).toBe("A     B\nlong  x [31m y\né\n");
});

test.each([
  [0, "0s"],
  [119, "119s"],
  [120, "2m"],
  [7199, "119m"],
  [7200, "2h"],
  [172_800, "2d"],
])("%d s ago is %s", (seconds, text) => {
  const now = Date.now();
  const time = { seconds: BigInt(Math.floor(now / 1000) - seconds), nanos: 0 };
  expect(age(time, Math.floor(now / 1000) * 1000)).toBe(text);
});
