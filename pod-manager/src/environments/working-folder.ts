import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

const OURS = /^podule-uv-(\d+)-\w{6}$/;
const swept = new Set<string>();

/** A new empty folder with the name of this process in it. The first removes those of processes that were killed before they could. */
export async function makeWorkingFolder(parent = tmpdir()): Promise<string> {
  if (!swept.has(parent)) {
    swept.add(parent);
    await sweep(parent);
  }
  return await mkdtemp(join(parent, `podule-uv-${process.pid}-`));
}

async function sweep(parent: string): Promise<void> {
  for (const name of await readdir(parent).catch(() => [])) {
    const pid = OURS.exec(name)?.[1];
    if (pid === undefined || isRunning(Number(pid))) continue;
    // Another user's is left to them.
    await rm(join(parent, name), { recursive: true, force: true }).catch(() => {});
  }
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return !(error instanceof Error && "code" in error && error.code === "ESRCH");
  }
}
