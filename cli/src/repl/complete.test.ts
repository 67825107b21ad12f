import { expect, test } from "vitest";
import { complete } from "./complete.ts";

const names: Readonly<Record<string, string[]>> = {
  "": ["numpy", "len", "_"],
  numpy: ["sum", "std", "linalg", "_core", "__doc__"],
  "numpy.linalg": ["norm"],
};
const dir = async (path: string) => {
  const found = names[path];
  if (found === undefined) throw new Error("not there");
  return found;
};

test.each<[string, string[], string]>([
  ["", ["len", "numpy"], ""],
  ["num", ["numpy"], "num"],
  ["numpy.s", ["numpy.std", "numpy.sum"], "numpy.s"],
  ["len(numpy.linalg.", ["numpy.linalg.norm"], "numpy.linalg."],
  ["numpy._", ["numpy.__doc__", "numpy._core"], "numpy._"],
  ["nothing.x", [], "nothing.x"],
])("%j", async (line, words, replaced) => {
  expect(await complete(line, dir)).toEqual([words, replaced]);
});
