import { mkdir, writeFile } from "node:fs/promises";
import { cpus, loadavg } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Timestamp } from "@podule/proto/google/protobuf/timestamp.ts";
import { Module_State, ModuleSpec, Scaling } from "@podule/proto/podule/v1/modules.ts";
import { Pod_State } from "@podule/proto/podule/v1/pods.ts";
import { type Stack, startStack } from "@podule/test/stack/stack.ts";
import { float64s } from "@podule/test/stack/values.ts";

/** `node loadtest/src/from-zero.ts`: how long the first call to numpy takes when it has no pod: with nothing, a process, or its pod kept warm. */
const REPORTS = join(import.meta.dirname, "../reports");
const ROUNDS = 15;
const LOOK_MS = 20;
const LONGEST_MS = 60_000;
/** For what is kept warm to be there again. */
const REFILL_MS = 2500;
const SCALING = Scaling.create({ idleTimeout: { seconds: 1n, nanos: 0 } });
const KINDS: Readonly<Record<string, Record<string, string>>> = {
  "nothing warm": { PODULE_WARM_PODS: "0", PODULE_PARKED_PODS: "0" },
  "a process that waits": { PODULE_WARM_PODS: "1", PODULE_PARKED_PODS: "0" },
  "its pod parked": { PODULE_WARM_PODS: "0", PODULE_PARKED_PODS: "1" },
};

const time = new Date().toISOString();
const lines = [
  `From zero to the first answer of numpy.sum, environment cached, through Envoy, ${time}`,
  `${cpus().length} CPUs, load before: ${loadavg()[0]?.toFixed(1)}; ${ROUNDS} times each, ms; in brackets: until the pod is ready`,
  "",
];
for (const [kind, env] of Object.entries(KINDS)) {
  const stack = await startStack({ env });
  try {
    const rounds = await measure(stack);
    lines.push(`${kind}:`, `  answer ${shown(rounds.map(({ answer }) => answer))}`);
    lines.push(`  (ready ${shown(rounds.map(({ ready }) => ready))})`, `  load ${loadavg()[0]?.toFixed(1)}`);
    console.log(lines.slice(-4).join("\n"));
  } finally {
    await stack.stop();
  }
}
const text = `${lines.join("\n")}\n`;
await mkdir(REPORTS, { recursive: true });
await writeFile(join(REPORTS, `from-zero-${time.replaceAll(":", "")}.txt`), text);

async function measure({ connection }: Stack) {
  const ask = () => connection.call("numpy", "sum", [float64s([1, 2, 3])]);
  await connection.modules.createModule({
    moduleId: "numpy",
    module: { spec: ModuleSpec.create({ scaling: SCALING }) },
  });
  await ask();
  const rounds: { readonly answer: number; readonly ready: number }[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    await untilIdle(connection);
    await sleep(REFILL_MS);
    const begun = performance.now();
    await ask();
    const answer = performance.now() - begun;
    const filter = 'module = "modules/numpy" AND state = READY';
    const [pod] = (await connection.pods.listPods({ filter })).pods;
    rounds.push({ answer, ready: milliseconds(pod?.readyTime) - milliseconds(pod?.createTime) });
  }
  return rounds;
}

async function untilIdle({ modules, pods }: Stack["connection"]): Promise<void> {
  for (let end = performance.now() + LONGEST_MS; ; await sleep(LOOK_MS)) {
    const { status } = await modules.getModule({ name: "modules/numpy" });
    const { pods: list } = await pods.listPods({ filter: 'module = "modules/numpy"' });
    const active = list.some(({ state }) => state < Pod_State.SUCCEEDED);
    if (status?.state === Module_State.READY && status.pods.length === 0 && !active) return;
    if (performance.now() > end) throw new Error("numpy has not gone to zero");
  }
}

function shown(times: readonly number[]): string {
  const sorted = times.toSorted((a, b) => a - b);
  const quantile = (share: number) => (sorted[Math.ceil(share * sorted.length) - 1] ?? 0).toFixed(0);
  return `p50 ${quantile(0.5)}, least ${sorted[0]?.toFixed(0)}, p90 ${quantile(0.9)}; all: ${sorted.map((ms) => ms.toFixed(0)).join(" ")}`;
}

function milliseconds(time: Timestamp | undefined): number {
  return Number(time?.seconds) * 1000 + (time?.nanos ?? 0) / 1e6;
}
