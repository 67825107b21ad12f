import { setTimeout as sleep } from "node:timers/promises";
import type { Timestamp } from "@podule/proto/google/protobuf/timestamp.ts";
import { ModuleSpec, Scaling } from "@podule/proto/podule/v1/modules.ts";
import type { Stack } from "@podule/test/stack/stack.ts";
import { int } from "@podule/test/stack/values.ts";
import { median } from "../../report.ts";
import type { Scenario } from "../scenario.ts";

const seconds = (amount: number) => ({ seconds: BigInt(amount), nanos: 0 });
const CLASSES = 12;
const SMALLEST_CLASS_MS = 10;

export const fromZero: Scenario = {
  name: "from zero",
  about:
    "the first call to numpy without a pod, its environment cached, through Envoy; beside the pod's own start",
  isQuick: true,
  async run(bench) {
    const rounds = bench.isLong ? 20 : 5;
    const stack = await bench.startStack();
    const scaling = Scaling.create({ stableWindow: seconds(2), idleTimeout: seconds(1) });
    await stack.connection.modules.createModule({
      moduleId: "numpy",
      module: { spec: ModuleSpec.create({ scaling }) },
    });
    await call(stack);
    const answers: number[] = [];
    const starts: number[] = [];
    for (let round = 0; round < rounds; round++) {
      await untilNone(stack);
      const begun = performance.now();
      await call(stack);
      answers.push(performance.now() - begun);
      const { pods } = await stack.connection.pods.listPods({
        filter: 'module = "modules/numpy" AND state = READY',
      });
      starts.push(milliseconds(pods[0]?.readyTime) - milliseconds(pods[0]?.createTime));
    }
    return {
      rows: histogram(answers, starts),
      gates: [
        {
          what: "p50 of the first answer over that of the pod's plain start",
          value: median(answers) / median(starts),
          bound: 1.5,
          is: "at most",
          kind: "ratio",
        },
      ],
      notes: [
        `First answer: p50 ${median(answers).toFixed(0)} ms, ${sorted(answers)}. Plain start of the pod: p50 ${median(starts).toFixed(0)} ms, ${sorted(starts)}.`,
      ],
    };
  },
};

/** How many fall into each of about a dozen classes. */
function histogram(answers: readonly number[], starts: readonly number[]) {
  const all = [...answers, ...starts];
  const span = Math.max(...all) - Math.min(...all);
  const width = Math.max(1, Math.ceil(span / CLASSES / SMALLEST_CLASS_MS)) * SMALLEST_CLASS_MS;
  const classOf = (ms: number) => Math.floor(ms / width);
  const least = classOf(Math.min(...all));
  const count = (times: readonly number[], at: number) => times.filter((ms) => classOf(ms) === at).length;
  return Array.from({ length: classOf(Math.max(...all)) - least + 1 }, (_, n) => ({
    ms: `${(least + n) * width} to ${(least + n + 1) * width}`,
    "first answers": count(answers, least + n),
    "plain starts": count(starts, least + n),
  }));
}

async function call({ connection }: Stack): Promise<void> {
  await connection.call("numpy", "add", [int(1), int(2)]);
}

async function untilNone({ connection }: Stack): Promise<void> {
  while ((await connection.modules.getModule({ name: "modules/numpy" })).status?.pods.length !== 0)
    await sleep(50);
}

function sorted(times: readonly number[]): string {
  return times
    .toSorted((a, b) => a - b)
    .map((ms) => ms.toFixed(0))
    .join(" ");
}

function milliseconds(time: Timestamp | undefined): number {
  return Number(time?.seconds) * 1000 + (time?.nanos ?? 0) / 1e6;
}
