import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { makeFolder } from "./make-folder.ts";

test("makes what is missing, private, and refuses what cannot be", () => {
  const base = mkdtempSync(join(tmpdir(), "podule-"));
  makeFolder(join(base, "a", "b"));
  makeFolder(join(base, "a", "b"));
  expect(statSync(join(base, "a", "b")).mode & 0o777).toBe(0o700);
  writeFileSync(join(base, "file"), "");
  expect(() => makeFolder(join(base, "file"))).toThrow("is not a folder");
  expect(() => makeFolder(join(base, "file", "below"))).toThrow("is not a folder");
  expect(() => makeFolder("/proc/none/below")).toThrow("ENOENT");
  rmSync(base, { recursive: true });
});
