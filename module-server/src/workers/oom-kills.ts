import { readFileSync } from "node:fs";
import { join } from "node:path";

const CGROUP = "/sys/fs/cgroup";

/** How often the kernel has killed for want of memory: in our memory cgroup, else on this machine. Undefined: not to be known. */
export function countOomKills(): number | undefined {
  return cgroupFiles(read("/proc/self/cgroup"))
    .concat("/proc/vmstat")
    .map((file) => parseOomKills(read(file)))
    .find((count) => count !== undefined);
}

/** Where the cgroups of a process, as /proc/PID/cgroup lists them, count these kills. */
export function cgroupFiles(list: string): string[] {
  return list.split("\n").flatMap((line) => {
    const [, controllers, path] = /^\d+:([^:]*):(.*)$/.exec(line) ?? [];
    if (path === undefined) return [];
    if (controllers === "") return [join(CGROUP, path, "memory.events")];
    if (controllers?.split(",").includes("memory"))
      return [
        join(CGROUP, "memory", path, "memory.oom_control"),
        join(CGROUP, "memory", "memory.oom_control"),
      ];
    return [];
  });
}

/** The number on the line "oom_kill N". */
export function parseOomKills(text: string): number | undefined {
  const count = /^oom_kill (\d+)$/m.exec(text)?.[1];
  return count === undefined ? undefined : Number(count);
}

function read(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}
