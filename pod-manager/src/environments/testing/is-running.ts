import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";

/** Whether the process runs; one that has ended and that nobody has reaped does not. */
export function isRunning(pid: number): boolean {
  if (existsSync("/proc/self/stat")) {
    try {
      return !/\) [ZX]/.test(readFileSync(`/proc/${pid}/stat`, "latin1"));
    } catch {
      return false;
    }
  }
  const { stdout } = spawnSync("ps", ["-o", "stat=", "-p", String(pid)], { encoding: "utf8" });
  return stdout.trim() !== "" && !stdout.startsWith("Z");
}
