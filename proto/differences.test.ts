import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { differences } from "./differences.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "podule-differences-"));
  for (const side of ["a", "b"]) {
    await mkdir(join(folder, side, "deep"), { recursive: true });
    await writeFile(join(folder, side, "deep/same.ts"), "same");
  }
});
afterEach(() => rm(folder, { recursive: true }));

test("equal folders have none", async () => {
  expect(await differences(join(folder, "a"), join(folder, "b"))).toEqual([]);
});

test("tells what is missing, left over and changed", async () => {
  await writeFile(join(folder, "a/new.ts"), "");
  await writeFile(join(folder, "b/old.ts"), "");
  await writeFile(join(folder, "b/deep/same.ts"), "edited");
  const b = join(folder, "b");
  expect(await differences(join(folder, "a"), b)).toEqual([
    `not current: ${join(b, "deep/same.ts")}`,
    `missing: ${join(b, "new.ts")}`,
    `not generated any more: ${join(b, "old.ts")}`,
  ]);
});
