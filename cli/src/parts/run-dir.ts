import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/**
 * A private folder for sockets, with the name of this process in it. Removes those of processes that were killed before anybody
 * could do it for them.
 */
export async function makeRunDir(parent = tmpdir()): Promise<string> {
  for (const name of await readdir(parent)) {
    const pid = /^podule-(\d+)-\w{6}$/.exec(name)?.[1];
    if (pid !== undefined && !isRunning(Number(pid))) {
      await rm(join(parent, name), { recursive: true, force: true }).catch(() => {});
    }
  }
  return await mkdtemp(join(parent, `podule-${process.pid}-`));
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return !(error instanceof Error && "code" in error && error.code === "ESRCH");
  }
}
