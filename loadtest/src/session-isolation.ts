import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { cpus, loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { Isolation, ModuleSpec } from "@podule/proto/podule/v1/modules.ts";
import { startStack } from "@podule/test/stack/stack.ts";
import podule, { type RemoteModule } from "../../clients/typescript/src/index.ts";

/** `node loadtest/src/session-isolation.ts [SESSIONS]`: sessions with a worker each, of a module with numpy. Exit code 1 if one felt another. */
const REPORTS = join(import.meta.dirname, "../reports");
const SESSIONS = Number(process.argv[2] ?? 200);
const AT_ONCE = 4;
const SLOW_S = 60;
const CODE = `
import os, time
import numpy
total = 0
def pid(): return os.getpid()
def add(n):
    global total
    total += n
    return total
def use(): return float(numpy.linalg.norm(numpy.ones((100, 100))))
def slow(seconds): time.sleep(seconds); return seconds
def crash(): os.abort()
`;

interface Probe {
  pid(): number;
  add(n: number): number;
  use(): number;
  slow(seconds: number): number;
  crash(): undefined;
}

const folder = await mkdtemp(join(tmpdir(), "podule-sessions-"));
const path = join(folder, "probe.py");
await writeFile(path, CODE);
const stack = await startStack();
const sessions: RemoteModule<Probe>[] = [];
try {
  const time = new Date().toISOString();
  const spec = ModuleSpec.create({ path, dependency: ["numpy"], isolation: Isolation.SESSION });
  await stack.connection.modules.createModule({ moduleId: "probe", module: { spec } });
  await stack.connection.call("probe", "use");
  const load = loadavg()[0]?.toFixed(1);
  const opened = await open();
  const pids = await Promise.all(sessions.map((session) => session.pid()));
  const idle = await Promise.all(pids.map((pid) => memoryOf(pid)));
  await Promise.all(sessions.map((session) => session.use()));
  const used = await Promise.all(pids.map((pid) => memoryOf(pid)));
  const [crashing, slow, ...others] = sessions;
  if (crashing === undefined || slow === undefined) throw new Error("It takes two sessions");
  const slowCall = slow.slow(SLOW_S);
  const crash = await Promise.resolve(crashing.crash()).then(
    () => "it did not crash",
    (error: unknown) => String(error),
  );
  const answers = await Promise.all(others.map((session) => timed(() => session.add(1))));
  const felt = answers.filter(({ value }) => value !== 1).length;
  const lines = [
    `${SESSIONS} sessions with a worker each, of a module with numpy, through Envoy, ${time}`,
    `${cpus().length} CPUs, load before: ${load}; ${AT_ONCE} opened at once`,
    "",
    `processes: ${new Set(pids).size}`,
    `to open, with a first answer, ms: ${shown(opened)}`,
    `memory of each, opened, MiB: PSS ${shown(idle.map(({ pss }) => pss))}; its own ${shown(idle.map(({ own }) => own))}`,
    `memory of each, after numpy was used, MiB: PSS ${shown(used.map(({ pss }) => pss))}; its own ${shown(used.map(({ own }) => own))}`,
    `a crash in one of them: ${crash}`,
    `with that, and a call of ${SLOW_S} s in another: ${others.length} others asked, ${felt} with another's state, ms: ${shown(answers.map(({ ms }) => ms))}`,
    `the call of ${SLOW_S} s: answered ${await slowCall}`,
    "",
  ];
  const text = lines.join("\n");
  console.log(text);
  await mkdir(REPORTS, { recursive: true });
  await writeFile(join(REPORTS, `session-isolation-${time.replaceAll(":", "")}.txt`), text);
  process.exitCode = felt === 0 && new Set(pids).size === SESSIONS ? 0 : 1;
} finally {
  await Promise.allSettled(sessions.map((session) => session.$close()));
  await stack.stop();
  await rm(folder, { recursive: true, force: true });
}

/** Milliseconds that each took. */
async function open(): Promise<number[]> {
  const times: number[] = [];
  const worker = async () => {
    while (sessions.length + times.length < 2 * SESSIONS) {
      const { ms, value } = await timed(async () => {
        const session = await podule.import<Probe>("probe", { url: stack.address });
        await session.pid();
        return session;
      });
      if (sessions.length >= SESSIONS) {
        await value.$close();
        return;
      }
      times.push(ms);
      sessions.push(value);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  return times;
}

async function timed<T>(work: () => PromiseLike<T> | T): Promise<{ readonly ms: number; readonly value: T }> {
  const begun = performance.now();
  const value = await work();
  return { ms: performance.now() - begun, value };
}

/** MiB. */
async function memoryOf(pid: number): Promise<{ readonly pss: number; readonly own: number }> {
  const rollup = await readFile(`/proc/${pid}/smaps_rollup`, "utf8");
  const sum = (name: RegExp) =>
    [...rollup.matchAll(name)].reduce((total, [, kib]) => total + Number(kib) / 1024, 0);
  return { pss: sum(/^Pss:\s+(\d+) kB/gm), own: sum(/^Private_(?:Clean|Dirty):\s+(\d+) kB/gm) };
}

function shown(values: readonly number[]): string {
  const sorted = values.toSorted((a, b) => a - b);
  const quantile = (share: number) => (sorted[Math.ceil(share * sorted.length) - 1] ?? 0).toFixed(1);
  return `p50 ${quantile(0.5)}, p99 ${quantile(0.99)}`;
}
