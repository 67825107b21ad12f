import { link, mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { bytesText, freeBytes, sizeOf } from "./disk.ts";

test("a folder's size counts a file with two names once, and follows no links", async () => {
  const folder = await mkdtemp(join(tmpdir(), "podule-disk-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  await mkdir(join(folder, "below"));
  await writeFile(join(folder, "below/a"), Buffer.alloc(1_000_000, 1));
  await link(join(folder, "below/a"), join(folder, "b"));
  await symlink("/", join(folder, "root"));
  const size = await sizeOf(folder);
  expect(size).toBeGreaterThanOrEqual(1_000_000);
  expect(size).toBeLessThan(1_100_000);
  expect(await sizeOf(join(folder, "nothing"))).toBe(0);
  expect(await freeBytes(join(folder, "not/there/yet"))).toBeGreaterThan(0);
});

test.each([
  [0, "0 B"],
  [999, "999 B"],
  [1400, "1.4 kB"],
  [23_400_000, "23 MB"],
  [1.5e12, "1.5 TB"],
])("%d is %s", (bytes, text) => {
  expect(bytesText(bytes)).toBe(text);
});
