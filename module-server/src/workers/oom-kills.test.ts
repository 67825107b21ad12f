import { expect, test } from "vitest";
import { cgroupFiles, countOomKills, parseOomKills } from "./oom-kills.ts";

test("where the kernel counts, in both versions of cgroups", () => {
  expect(cgroupFiles("0::/kubepods/pod1\n")).toEqual(["/sys/fs/cgroup/kubepods/pod1/memory.events"]);
  expect(cgroupFiles("9:cpu,cpuacct:/a\n4:memory:/a/b\n")).toEqual([
    "/sys/fs/cgroup/memory/a/b/memory.oom_control",
    "/sys/fs/cgroup/memory/memory.oom_control",
  ]);
  expect(cgroupFiles("")).toEqual([]);
});

test("the count is found among other lines", () => {
  expect(parseOomKills("low 0\noom 3\noom_kill 2\noom_group_kill 1\n")).toBe(2);
  expect(parseOomKills("oom_kill_disable 0\nunder_oom 0\noom_kill 7\n")).toBe(7);
  expect(parseOomKills("nothing")).toBeUndefined();
});

test.runIf(process.platform === "linux")("this machine counts", () => {
  expect(countOomKills()).toBeGreaterThanOrEqual(0);
});
