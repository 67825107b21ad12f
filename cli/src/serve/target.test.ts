import { expect, test } from "vitest";
import { readTarget } from "./target.ts";

test.each([
  ["numpy", { importName: "numpy" }],
  ["scipy.linalg", { importName: "scipy.linalg" }],
  ["/src/model.py", { importName: "model", folder: "/src" }],
  ["/src/package/", { importName: "package", folder: "/src" }],
  ["model.py", { importName: "model", folder: process.cwd() }],
])("%s", (text, target) => {
  expect(readTarget(text)).toEqual(target);
});

test.each(["", ".", "a b", "1a", "a..b", "/src/my-model.py", "/src/a.b", "--x"])("%j is refused", (text) => {
  expect(() => readTarget(text)).toThrow(/neither/);
});
