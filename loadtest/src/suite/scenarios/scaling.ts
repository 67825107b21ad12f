import { join } from "node:path";
import { ModuleSpec, Scaling } from "@podule/proto/podule/v1/modules.ts";
import { float } from "@podule/test/stack/values.ts";
import { readScenario, runGhz } from "../../ghz.ts";
import type { Scenario } from "../scenario.ts";
import { watchPods } from "../watch-pods.ts";
import { noFailure, shown } from "./unary.ts";

const seconds = (amount: number) => ({ seconds: BigInt(amount), nanos: 0 });
/** As by default, in a sixth of the time. */
export const SHORT = {
  stableWindow: seconds(10),
  panicWindow: seconds(1),
  scaleDownDelay: seconds(5),
  idleTimeout: seconds(10),
};

function scaling(name: string, what: string, maxPods: number, isQuick = false): Scenario {
  const [shape, work] = name.split("-");
  return {
    name: `${shape} of ${work} calls`,
    about: `${what} of ${work === "cpu" ? "50 ms of CPU" : "50 ms of sleep"} each through Envoy, from zero, max_pods ${maxPods}, windows of a sixth of the defaults`,
    isQuick,
    async run(bench) {
      const stack = await bench.startStack();
      const spec = ModuleSpec.create({
        path: join(bench.folder, "load.py"),
        scaling: Scaling.create({ ...SHORT, maxPods, idleTimeout: seconds(2) }),
      });
      const { connection } = stack;
      await connection.modules.createModule({ moduleId: "load", module: { spec } });
      await connection.call("load", "sleep", [float(0)]);
      while ((await connection.modules.getModule({ name: "modules/load" })).status?.pods.length !== 0)
        await new Promise((resolve) => setTimeout(resolve, 100));
      const watching = watchPods(stack, "load");
      const options = await readScenario(name);
      const outcome = await runGhz(
        bench.ghz,
        stack.address,
        bench.isLong ? options : { ...options, duration: "10s" },
      );
      // The way down is part of the chart.
      await new Promise((resolve) => setTimeout(resolve, bench.isLong ? 25_000 : 2000));
      const { pods, memory } = await watching.stop();
      const most = Math.max(
        ...pods.flatMap(({ name: state, points }) => (state === "ready" ? points.map(([, n]) => n) : [])),
      );
      return {
        rows: [{ ...shown(outcome), "most pods": most }],
        gates: [
          noFailure(outcome.failed),
          { what: "most pods ready", value: most, bound: 2, is: "at least", kind: "absolute" },
        ],
        charts: [
          { title: `${name}: pods`, unit: "pods", series: pods, steps: true },
          { title: `${name}: memory`, unit: "MiB", series: memory },
        ],
      };
    },
  };
}

export const scalings: readonly Scenario[] = [
  scaling("step-cpu", "4, 8, 12, 16, 20 calls a second, six seconds each,", 3),
  scaling("step-sleep", "10, 25, 40, 55, 70 calls a second, six seconds each,", 6),
  scaling("burst-cpu", "32 calls in flight at once, for twelve seconds,", 3),
  scaling("burst-sleep", "100 calls in flight at once, for twelve seconds,", 6, true),
];
