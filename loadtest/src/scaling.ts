import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { cpus, loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Timestamp } from "@podule/proto/google/protobuf/timestamp.ts";
import { Module_State, ModuleSpec, Scaling } from "@podule/proto/podule/v1/modules.ts";
import { Pod_State } from "@podule/proto/podule/v1/pods.ts";
import { startStack } from "@podule/test/stack/stack.ts";
import { float, float64s } from "@podule/test/stack/values.ts";

/** `node loadtest/src/scaling.ts`: from zero to the first answer of numpy, and pods over time under a burst. Exit code 1 if a call failed. */
const REPORTS = join(import.meta.dirname, "../reports");
const ROUNDS = 10;
const CALLS = 40;
const CALL_S = 0.05;
const LOOK_MS = 50;
const LONGEST_S = 60;
const CODE = `
import time
def busy(seconds):
    end = time.process_time() + seconds
    while time.process_time() < end: pass
`;
const seconds = (amount: number) => ({ seconds: BigInt(amount), nanos: 0 });
const SHORT = {
  stableWindow: seconds(5),
  panicWindow: seconds(1),
  scaleDownDelay: seconds(1),
  idleTimeout: seconds(2),
};

const stack = await startStack();
const folder = await mkdtemp(join(tmpdir(), "podule-scaling-"));
try {
  const { time, text, failed } = await measure();
  console.log(text);
  await mkdir(REPORTS, { recursive: true });
  await writeFile(join(REPORTS, `scaling-${time.replaceAll(":", "")}.txt`), text);
  process.exitCode = failed === 0 ? 0 : 1;
} finally {
  await stack.stop();
  await rm(folder, { recursive: true, force: true });
}

async function measure(): Promise<{ readonly time: string; readonly text: string; readonly failed: number }> {
  const time = new Date().toISOString();
  const [load = 0] = loadavg();
  const wakes = await fromZero();
  const burst = await underBurst();
  const lines = [
    `Scaling, ${time}, ${cpus().length} CPUs, load before: ${load.toFixed(1)}`,
    "",
    `From zero to the first answer of numpy, environment cached, through Envoy, ${ROUNDS} times, ms:`,
    `  p50 ${shown(wakes.map(({ answer }) => answer))}`,
    "  of that, from the pod's making until it is ready:",
    `  p50 ${shown(wakes.map(({ start }) => start))}`,
    "",
    `${CALLS} calls at once of ${CALL_S * 1000} ms of CPU, from zero, max_pods 2:`,
    `  ${burst.failed} failed, all answered after ${burst.answeredAfter.toFixed(1)} s (first after ${burst.firstAfter.toFixed(2)} s)`,
    ...burst.changes.map(
      ({ at, ready, starting, reason }) =>
        `  ${at.toFixed(2).padStart(6)} s  ${ready} ready, ${starting} starting  ${reason}`,
    ),
    "",
  ];
  return { time, text: lines.join("\n"), failed: burst.failed };
}

function shown(times: readonly number[]): string {
  const sorted = times.toSorted((a, b) => a - b);
  const middle = (sorted[ROUNDS / 2 - 1] ?? 0) / 2 + (sorted[ROUNDS / 2] ?? 0) / 2;
  return `${middle.toFixed(0)}; all: ${sorted.map((ms) => ms.toFixed(0)).join(" ")}`;
}

/** Milliseconds. */
async function fromZero(): Promise<readonly { readonly answer: number; readonly start: number }[]> {
  const { connection } = stack;
  await scale("numpy", ModuleSpec.create({ scaling: Scaling.create(SHORT) }));
  await connection.call("numpy", "sum", [float64s([1, 2, 3])]);
  const times: { answer: number; start: number }[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    await untilGone("numpy");
    const begun = performance.now();
    await connection.call("numpy", "sum", [float64s([1, 2, 3])]);
    const answer = performance.now() - begun;
    const { pods: list } = await connection.pods.listPods({
      filter: 'module = "modules/numpy" AND state = READY',
    });
    times.push({ answer, start: milliseconds(list[0]?.readyTime) - milliseconds(list[0]?.createTime) });
  }
  return times;
}

async function underBurst() {
  const path = join(folder, "burst.py");
  await writeFile(path, CODE);
  await scale("burst", ModuleSpec.create({ path, scaling: Scaling.create({ ...SHORT, maxPods: 2 }) }));
  await stack.connection.call("burst", "busy", [float(0)]);
  await untilGone("burst");
  const begun = performance.now();
  const passed = () => (performance.now() - begun) / 1000;
  const answers: number[] = [];
  let failed = 0;
  const calls = Array.from({ length: CALLS }, () =>
    stack.connection.call("burst", "busy", [float(CALL_S)]).then(
      () => answers.push(passed()),
      (error: unknown) => {
        failed++;
        console.error(String(error));
      },
    ),
  );
  const changes: { at: number; ready: number; starting: number; reason: string }[] = [];
  for (let wasThere = false; passed() < LONGEST_S; await sleep(LOOK_MS)) {
    const { ready, starting, reason } = await pods("burst");
    const last = changes.at(-1);
    if (last?.ready !== ready || last.starting !== starting)
      changes.push({ at: passed(), ready, starting, reason });
    wasThere ||= ready > 0;
    if (wasThere && ready + starting === 0) break;
  }
  await Promise.all(calls);
  return { failed, changes, firstAfter: Math.min(...answers), answeredAfter: Math.max(...answers) };
}

function milliseconds(time: Timestamp | undefined): number {
  return Number(time?.seconds) * 1000 + (time?.nanos ?? 0) / 1e6;
}

async function scale(id: string, spec: ModuleSpec): Promise<void> {
  const { modules } = stack.connection;
  const there = (await modules.listModules({ filter: `name = "modules/${id}"` })).modules.length > 0;
  if (there)
    await modules.updateModule({ module: { name: `modules/${id}`, spec }, updateMask: ["spec.scaling"] });
  else await modules.createModule({ moduleId: id, module: { spec } });
}

async function pods(id: string) {
  const { modules, pods: service } = stack.connection;
  const { pods: list } = await service.listPods({ filter: `module = "modules/${id}"` });
  const { status } = await modules.getModule({ name: `modules/${id}` });
  const count = (wanted: Pod_State) => list.filter(({ state }) => state === wanted).length;
  return {
    ready: count(Pod_State.READY),
    starting: count(Pod_State.STARTING),
    reason: `wanted ${status?.scaling?.wantedPods}: ${status?.scaling?.reason}`,
    isGone: status?.state === Module_State.READY && status.pods.length === 0,
  };
}

async function untilGone(id: string): Promise<void> {
  for (let end = performance.now() + LONGEST_S * 1000; !(await pods(id)).isGone; await sleep(LOOK_MS))
    if (performance.now() > end) throw new Error(`${id} has not gone to zero`);
}
