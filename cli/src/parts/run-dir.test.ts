import { spawnSync } from "node:child_process";
import { mkdir, mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { makeRunDir } from "./run-dir.ts";

test("removes the folders of processes that are gone, and no others", async () => {
  const parent = await mkdtemp(join(tmpdir(), "podule-test-"));
  onTestFinished(() => rm(parent, { recursive: true }));
  const { pid } = spawnSync(process.execPath, ["--version"]);
  const kept = [`podule-${process.ppid}-abcdef`, `podule-${pid}-abc`, "podule-abcdef"];
  for (const name of [...kept, `podule-${pid}-abcdef`]) await mkdir(join(parent, name));
  const made = basename(await makeRunDir(parent));
  expect(made).toMatch(new RegExp(`^podule-${process.pid}-`));
  expect((await readdir(parent)).sort()).toEqual([...kept, made].sort());
});
