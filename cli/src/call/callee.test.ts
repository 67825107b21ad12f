import { expect, test } from "vitest";
import { readCallee } from "./callee.ts";

test("the module is what comes before the first dot, unless it is said", () => {
  expect(readCallee("numpy.linalg.svd", undefined)).toEqual({ module: "numpy", path: "linalg.svd" });
  expect(readCallee("svd", "scipy.linalg")).toEqual({ module: "scipy.linalg", path: "svd" });
});

test.each(["numpy", ".sum", "numpy.", ""])("%j names no function of a module", (text) => {
  expect(() => readCallee(text, undefined)).toThrow(/MODULE.FUNCTION/);
});
