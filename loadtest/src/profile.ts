import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { cacheDir, ensureTool } from "@podule/cli";
import { startStack } from "@podule/test/stack/stack.ts";
import { callAdd, installGhz } from "./ghz.ts";
import { poduleSide, processesFor } from "./podule-side.ts";
import { flameGraph } from "./profile/flame-graph.ts";
import { type Folded, foldProfile, hottest, parseFolded } from "./profile/folded.ts";
import { closedLoop } from "./sessions/closed-loop.ts";
import { pythonPeer } from "./sessions/peer-environment.ts";
import { poduleSubject } from "./sessions/podule-subject.ts";

/**
 * `node loadtest/src/profile.ts`: flame graphs of the manager, a module server and its worker under three loads, and a table of the
 * functions that take most time, to docs/profiles. The worker's need the right to trace processes.
 */
const run = promisify(execFile);
const OUT = join(import.meta.dirname, "../../docs/profiles");
const SECONDS = 6;
const HOTTEST = 12;
const PARTS = ["manager", "module server", "worker"] as const;
const LARGE = new Float64Array(1_000_000).fill(1);

interface Load {
  readonly name: string;
  readonly module: string;
  readonly title: string;
  run(): Promise<unknown>;
}

const folder = await mkdtemp(join(tmpdir(), "podule-profile-"));
const uv = await ensureTool("uv");
const cacheFolder = cacheDir(process.env);
const pySpy = join(await pythonPeer({ uv, cacheFolder }, "py-spy", false), "venv/bin/py-spy");
const ghz = await installGhz(cacheFolder);
const preload = pathToFileURL(join(import.meta.dirname, "profile/profiler.ts"));
preload.searchParams.set("folder", folder);
const stack = await startStack({ env: { NODE_OPTIONS: `--import=${preload.href}` } });
try {
  await poduleSide(stack);
  await using subject = await poduleSubject(stack.address);
  await subject.sum(LARGE);
  const session = (scenario: string, inFlight: number, call: () => PromiseLike<unknown>) =>
    closedLoop({ subject: "Podule", scenario, inFlight }, SECONDS, call);
  const loads: Load[] = [
    {
      name: "unary",
      module: "operator",
      title: "unary calls, 64 in flight",
      run: () => callAdd(ghz, stack.address, { concurrency: 64, connections: 4, seconds: SECONDS }),
    },
    {
      name: "session",
      module: "operator",
      title: "calls of a session, 64 in flight",
      run: () => session("add", 64, () => subject.add()),
    },
    {
      name: "large",
      module: "numpy",
      title: "arguments of 8 MB",
      run: () => session("sum", 1, () => subject.sum(LARGE)),
    },
  ];
  await mkdir(OUT, { recursive: true });
  const tables: string[] = [];
  for (const load of loads) {
    await load.run();
    const processes = processesFor(stack, load.module);
    const pids = PARTS.map((part) => processes.get(part)?.[0] ?? 0);
    const profiles = await profile(load, pids);
    for (const [n, part] of PARTS.entries()) {
      const folded = profiles[n] ?? new Map<string, number>();
      const file = `${load.name}-${part.replace(" ", "-")}`;
      await writeFile(join(OUT, `${file}.svg`), flameGraph(`${part}: ${load.title}`, folded));
      tables.push(`${part}: ${load.title} (${file}.svg)`, ...rows(folded), "");
    }
  }
  await writeFile(join(OUT, "hottest.txt"), tables.join("\n"));
  console.log(tables.join("\n"));
} finally {
  await stack.stop();
  await rm(folder, { recursive: true, force: true });
}

async function profile(load: Load, pids: readonly number[]): Promise<Folded[]> {
  const [manager = 0, server = 0, worker = 0] = pids;
  const node = [manager, server];
  const raw = join(folder, `${load.name}.txt`);
  for (const pid of node) process.kill(pid, "SIGUSR2");
  const spy = run(pySpy, [
    ...["record", "--pid", `${worker}`, "--duration", `${SECONDS - 1}`],
    ...["--rate", "500", "--format", "raw", "--output", raw],
  ]);
  await Promise.all([load.run(), spy]);
  for (const pid of node) process.kill(pid, "SIGUSR2");
  const files = node.map((pid) => join(folder, `${pid}.cpuprofile`));
  const [ofManager, ofServer] = await Promise.all(files.map(written));
  for (const file of files) await rm(file);
  return [ofManager ?? new Map(), ofServer ?? new Map(), parseFolded(await readFile(raw, "utf8"))];
}

/** A profile, once the process has written it to its end. */
async function written(file: string): Promise<Folded> {
  for (;;) {
    const text = await readFile(file, "utf8").catch(() => "");
    if (text.endsWith("}")) return foldProfile(JSON.parse(text));
    await sleep(50);
  }
}

function rows(folded: Folded): string[] {
  return hottest(folded, HOTTEST).map(
    ({ name, share }) => `${(100 * share).toFixed(1).padStart(6)} %  ${name}`,
  );
}
