import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { ModuleSpec, Scaling } from "@podule/proto/podule/v1/modules.ts";
import { CallFailure } from "@podule/test/stack/call-failure.ts";
import { connect } from "@podule/test/stack/client.ts";
import type { Stack } from "@podule/test/stack/stack.ts";
import { float, int } from "@podule/test/stack/values.ts";
import { slope } from "../memory.ts";
import type { Scenario } from "../scenario.ts";
import { watchPods } from "../watch-pods.ts";
import { noFailure } from "./unary.ts";

const IN_FLIGHT = 16;
const KILL_EVERY_MS = 3000;
/** What a caller may be told of a pod that was killed under its call. */
const TYPED = new Set(["ABORTED", "UNAVAILABLE"]);

export const churn: Scenario = {
  name: "churn",
  about:
    "calls of 5 ms, 16 in flight, on two pods, of which one goes at once each three seconds: the first by kill -9, then by DeletePod",
  async run(bench) {
    const stack = await bench.startStack();
    const scaling = Scaling.create({ minPods: 2, maxPods: 2 });
    const spec = ModuleSpec.create({ path: join(bench.folder, "load.py"), scaling });
    await stack.connection.modules.createModule({ moduleId: "load", module: { spec } });
    const call = () => stack.connection.call("load", "sleep", [float(0.005)]);
    await call();
    const end = performance.now() + (bench.isLong ? 30_000 : 12_000);
    const counts = { answered: 0, typed: 0, other: 0 };
    const reasons = new Set<string>();
    const lane = async () => {
      while (performance.now() < end)
        await call().then(
          () => counts.answered++,
          (error: unknown) => {
            const how = error instanceof CallFailure ? `${error.code} ${error.reason ?? ""}` : String(error);
            reasons.add(how);
            if (error instanceof CallFailure && TYPED.has(error.code)) counts.typed++;
            else counts.other++;
          },
        );
    };
    let kills = 0;
    const killing = (async () => {
      for (; performance.now() < end - KILL_EVERY_MS; kills++) {
        await sleep(KILL_EVERY_MS);
        const [victim] = stack.pids("pod");
        if (kills === 0 && victim !== undefined) process.kill(victim, "SIGKILL");
        else await deletePod(stack);
      }
    })();
    await Promise.all([killing, ...Array.from({ length: IN_FLIGHT }, lane)]);
    const share = counts.typed / (counts.typed + counts.answered);
    return {
      rows: [{ kills, ...counts, reasons: [...reasons].join(", ") }],
      gates: [
        {
          what: "calls that ended in any other way",
          value: counts.other,
          bound: 0,
          is: "at most",
          kind: "absolute",
        },
        {
          what: "share of calls lost with their pods",
          value: share,
          bound: 0.05,
          is: "at most",
          kind: "absolute",
        },
      ],
    };
  },
};

/** At once, as an operator would; one crash after the other would rather be taken for a module that cannot run. */
async function deletePod({ connection }: Stack): Promise<void> {
  const { pods } = await connection.pods.listPods({ filter: "state = READY" });
  const [pod] = pods;
  if (pods.length > 1 && pod !== undefined) await connection.pods.deletePod({ name: pod.name });
}

/** A garbage collector lets some 200 MiB gather in minutes before it takes them away at once: less than ten show one rise of that. */
const LONG_MINUTES = 10;
const SLOPE_MIB_A_MINUTE = { long: 4, short: 128 };

export const soak = (minutes: number): Scenario => ({
  name: "soak",
  about: `small calls, 16 in flight, for ${minutes} min; memory after the first third`,
  async run(bench) {
    const stack = await bench.startStack();
    const connection = connect(stack.address);
    const add = () => connection.call("operator", "add", [int(1), int(2)]);
    await add();
    const watching = watchPods(stack, "operator");
    const end = performance.now() + minutes * 60_000;
    let [calls, failed] = [0, 0];
    const lane = async () => {
      while (performance.now() < end)
        await add().then(
          () => calls++,
          () => failed++,
        );
    };
    await Promise.all(Array.from({ length: IN_FLIGHT }, lane));
    const { memory } = await watching.stop();
    connection.close();
    const grown = memory.map(({ name, points }) => {
      const settled = points.filter(([at]) => at > (minutes * 60) / 3);
      return { part: name, "MiB a minute": slope(settled) * 60, "MiB at last": settled.at(-1)?.[1] ?? 0 };
    });
    return {
      rows: grown.map((row) => ({ ...row, calls, failed })),
      gates: [
        noFailure(failed),
        ...grown.map((row) => ({
          what: `growth of ${row.part}, MiB a minute`,
          value: row["MiB a minute"],
          bound: minutes < LONG_MINUTES ? SLOPE_MIB_A_MINUTE.short : SLOPE_MIB_A_MINUTE.long,
          is: "at most" as const,
          kind: "absolute" as const,
        })),
      ],
      charts: [{ title: "soak: memory", unit: "MiB", series: memory }],
    };
  },
});
