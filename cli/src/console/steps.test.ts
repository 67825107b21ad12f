import { PassThrough } from "node:stream";
import { expect, test } from "vitest";
import { createSteps, duration } from "./steps.ts";

test.each([
  [0.4, "0 ms"],
  [4.2, "4 ms"],
  [999.9, "1.0 s"],
  [1934, "1.9 s"],
  [59_949, "59.9 s"],
  [60_000, "1 min 0 s"],
  [125_000, "2 min 5 s"],
])("%f ms is %s", (ms, text) => {
  expect(duration(ms)).toBe(text);
});

test.each([
  ["elsewhere than on a terminal", { isTTY: false }],
  ["on a terminal of no width", { isTTY: true, columns: 0 }],
])("%s: plain lines, each news once", async (_where, kind) => {
  const output = new PassThrough();
  const steps = createSteps(Object.assign(output, kind));
  const value = await steps.step(
    "Module numpy",
    async (say) => {
      for (const text of ["RESOLVING", "RESOLVING", "READY"]) say(text);
      return 10;
    },
    (result) => `numpy = ${result}`,
  );
  steps.line("done");
  expect(value).toBe(10);
  expect(String(output.read())).toMatch(
    /^Module numpy \.\.\.\n {2}RESOLVING\n {2}READY\nok {2}numpy = 10 {2}\(\d+ ms\)\ndone\n$/,
  );
});
