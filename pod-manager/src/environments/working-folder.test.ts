import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { makeWorkingFolder } from "./working-folder.ts";

test("folders of processes that have been killed are removed, those of running ones and others' are not", async () => {
  const parent = await mkdtemp(join(tmpdir(), "working-"));
  onTestFinished(() => rm(parent, { recursive: true, force: true }));
  const child = spawn("true");
  await once(child, "exit");
  const gone = `podule-uv-${child.pid}-abcdef`;
  const running = `podule-uv-${process.ppid}-abcdef`;
  for (const name of [gone, running, "podule-uv-abcdef"])
    await mkdir(join(parent, name, "in"), { recursive: true });
  const folder = await makeWorkingFolder(parent);
  expect((await readdir(parent)).sort()).toEqual([running, "podule-uv-abcdef", basename(folder)].sort());
  expect(basename(folder)).toMatch(new RegExp(`^podule-uv-${process.pid}-`));
});
