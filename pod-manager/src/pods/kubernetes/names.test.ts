import { expect, test } from "vitest";
import { indexOf, podObjectName } from "./names.ts";

test("a name's index comes back, whatever the label looks like", () => {
  for (const label of ["numpy", "a-1-2", "m-3"])
    expect(indexOf(label, podObjectName(label, 3n, 12))).toBe(12);
});

test("other names have none", () => {
  for (const name of ["numpy", "numpy-1", "numpy-1-x", "scipy-1-2", "numpy-extra-1-2"])
    expect(indexOf("numpy", name)).toBe(0);
});
