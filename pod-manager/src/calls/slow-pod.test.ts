import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { ModuleSpec, Scaling } from "@podule/proto/podule/v1/modules.ts";
import { test } from "vitest";
import { findUv } from "../environments/testing/find-uv.ts";
import { startManager } from "../testing/start-manager.ts";
import { until } from "../testing/until.ts";

const CODE = `
import os, time
delay = 0.005
def slow_down():
    global delay
    delay = 0.4
    return os.getpid()
def work():
    time.sleep(delay)
    return os.getpid()
`;

test.skipIf(findUv() === undefined)(
  "a pod that has become slow is spared",
  { timeout: 120_000 },
  async () => {
    const manager = await startManager();
    const path = join(manager.runDir, "..", "duo.py");
    writeFileSync(path, CODE);
    const spec = ModuleSpec.create({ path, scaling: Scaling.create({ minPods: 3, maxPods: 3 }) });
    await manager.modules.createModule({ moduleId: "duo", module: { spec } });
    const call = async (name: string) => {
      const { result } = await manager.calls.call({ module: "duo", function: name });
      return result?.kind?.$case === "int" ? Number(result.kind.value) : -1;
    };
    await until(async () => {
      const pids = await Promise.all(Array.from({ length: 12 }, () => call("work")));
      return new Set(pids).size === 3;
    }, 60_000);
    const slow = await call("slow_down");
    let isEnded = false;
    let latest: number[] = [];
    const callers = Array.from({ length: 6 }, async () => {
      while (!isEnded) latest.push(await call("work"));
    });
    // Left to turns and to the fewest calls in flight, it would get some of any 1,000 calls.
    await until(() => {
      const isFull = latest.length >= 1000;
      const isSpared = isFull && !latest.includes(slow);
      if (isFull) latest = [];
      return isSpared;
    }, 60_000);
    isEnded = true;
    await Promise.all(callers);
    await manager.end("SIGKILL");
    manager.remove();
  },
);
