import { setTimeout as sleep } from "node:timers/promises";
import { Pod_State } from "@podule/proto/podule/v1/pods.ts";
import { residentBytes } from "@podule/test/stack/processes.ts";
import type { Stack } from "@podule/test/stack/stack.ts";
import type { Series } from "./svg-chart.ts";

const EVERY_MS = 200;
const MIB = 2 ** 20;

type Points = (readonly [number, number])[];

/** Looks at a module's pods, and at the memory of manager and Envoy, until it is stopped. */
export function watchPods(
  stack: Stack,
  module: string,
): { stop(): Promise<{ pods: Series[]; memory: Series[] }> } {
  const ready: Points = [];
  const starting: Points = [];
  const memory = new Map<"manager" | "envoy", Points>([
    ["manager", []],
    ["envoy", []],
  ]);
  const begun = performance.now();
  let isStopped = false;
  const watching = (async () => {
    while (!isStopped) {
      const { pods } = await stack.connection.pods.listPods({
        filter: `module = "modules/${module}"`,
        pageSize: 1000,
      });
      const at = (performance.now() - begun) / 1000;
      ready.push([at, pods.filter(({ state }) => state === Pod_State.READY).length]);
      starting.push([at, pods.filter(({ state }) => state === Pod_State.STARTING).length]);
      for (const [part, points] of memory)
        points.push([at, stack.pids(part).reduce((sum, pid) => sum + residentBytes(pid), 0) / MIB]);
      await sleep(EVERY_MS);
    }
  })();
  return {
    async stop() {
      isStopped = true;
      await watching;
      return {
        pods: [
          { name: "ready", points: ready },
          { name: "starting", points: starting },
        ],
        memory: [...memory].map(([name, points]) => ({ name, points })),
      };
    },
  };
}
