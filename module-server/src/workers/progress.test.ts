import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import { nextLinkId, readProgress, removeProgress, wasStarted } from "./progress.ts";

test("what was sent up to the progress was started, what came later was not, also where ids wrap around", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 0xffff_ffff }), fc.nat(50), fc.nat(50), (first, before, after) => {
      let progress = first;
      for (let count = 0; count < before; count++) progress = nextLinkId(progress);
      let later = nextLinkId(progress);
      for (let count = 0; count < after; count++) later = nextLinkId(later);
      expect([
        wasStarted(first, progress),
        wasStarted(progress, progress),
        wasStarted(later, progress),
      ]).toEqual([true, true, false]);
    }),
  );
});

test("before the first call nothing was started; without knowledge everything may have been", () => {
  expect([wasStarted(1, 0), wasStarted(1, undefined)]).toEqual([false, true]);
});

test("the file of a worker is read and removed", () => {
  const folder = mkdtempSync(join(tmpdir(), "progress-"));
  writeFileSync(join(folder, "3"), Buffer.from([5, 1, 0, 0]));
  writeFileSync(join(folder, "4"), "");
  expect([readProgress(folder, 3), readProgress(folder, 4), readProgress(folder, 5)]).toEqual([
    261,
    undefined,
    undefined,
  ]);
  removeProgress(folder, 3);
  expect(readProgress(folder, 3)).toBeUndefined();
  rmSync(folder, { recursive: true });
});
