import { fork } from "node:child_process";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type BreakableStack, startBreakableStack } from "@podule/test/stack/breakable-stack.ts";
import { spec } from "@podule/test/stack/modules.ts";
import type { Part } from "@podule/test/stack/processes.ts";
import podule, { type RemoteModule } from "../../../clients/typescript/src/index.ts";
import { type FaultCount, FaultCounter } from "./fault-count.ts";
import { startSilentProxy } from "./silent-proxy.ts";

const LANES = 64;
const LOAD_MS = 1500;
const STALL_MS = 3000;
/** By then everything has an answer: a half-open connection is found after 40 s. */
const SETTLE_MS = 90_000;
const MODULE = join(import.meta.dirname, "../../modules/tally.py");

export interface Tally {
  once(key: string): number;
}

interface Fault {
  readonly name: string;
  strike(stack: BreakableStack, silence: () => void): Promise<void>;
}

function kill(name: string, part: Part): Fault {
  return {
    name: `kill -9 of ${name}`,
    async strike(stack) {
      for (const pid of stack.pids(part)) process.kill(pid, "SIGKILL");
    },
  };
}

function stall(name: string, part: Part): Fault {
  return {
    name: `SIGSTOP of ${name} for ${STALL_MS / 1000} s`,
    async strike(stack) {
      const pids = stack.pids(part);
      for (const pid of pids) process.kill(pid, "SIGSTOP");
      await sleep(STALL_MS);
      for (const pid of pids) process.kill(pid, "SIGCONT");
    },
  };
}

const FAULTS: readonly Fault[] = [
  kill("the worker", "worker"),
  kill("the module server", "pod"),
  { name: "kill -9 of the manager (and its local pods)", strike: (stack) => stack.replaceManager() },
  { name: "kill -9 of Envoy", strike: (stack) => stack.replaceEnvoy() },
  { name: "kill -9 of another client under the same load", strike: (stack) => killClient(stack.address) },
  stall("the worker", "worker"),
  stall("the module server", "pod"),
  stall("Envoy", "envoy"),
  { name: "a half-open connection", strike: async (_, silence) => silence() },
];

/** Strikes with each fault under load. Each has a session of its own. */
export async function runFaults(onCount: (count: FaultCount) => void): Promise<FaultCount[]> {
  const stack = await startBreakableStack();
  const counts: FaultCount[] = [];
  try {
    await stack.connection.modules.createModule({
      moduleId: "tally",
      module: { spec: spec({ path: MODULE }) },
    });
    for (const fault of FAULTS) {
      const count = await runFault(stack, fault);
      counts.push(count);
      onCount(count);
    }
  } finally {
    await stack.stop();
  }
  return counts;
}

async function runFault(stack: BreakableStack, fault: Fault): Promise<FaultCount> {
  await using proxy = await startSilentProxy(stack.address);
  const connection = podule.connect({ url: proxy.address });
  const tally = await connection.import<Tally>("tally");
  const counter = new FaultCounter();
  const load = startLoad(tally, counter, fault.name);
  await sleep(LOAD_MS);
  counter.fault();
  await fault.strike(stack, proxy.silence);
  const answeredAgain = counter.settled + 5 * LANES;
  for (const end = Date.now() + SETTLE_MS; counter.settled < answeredAgain && Date.now() < end; )
    await sleep(50);
  await sleep(LOAD_MS);
  await Promise.race([load.stop(), sleep(SETTLE_MS)]);
  const result = counter.result(fault.name);
  connection.destroy();
  return result;
}

export function startLoad(tally: RemoteModule<Tally>, counter: FaultCounter, prefix: string) {
  let running = true;
  const lane = async (lane: number): Promise<void> => {
    for (let n = 0; running; n++) {
      const failed = await counter.count(() => tally.once(`${prefix} ${process.pid} ${lane} ${n}`));
      // What fails at once is not to be called ten thousand times a second.
      if (failed) await sleep(20);
    }
  };
  const done = Promise.all(Array.from({ length: LANES }, (_, n) => lane(n)));
  return {
    async stop(): Promise<void> {
      running = false;
      await done;
    },
  };
}

async function killClient(address: string): Promise<void> {
  const child = fork(join(import.meta.dirname, "doomed-client.ts"), [address], { stdio: "inherit" });
  await new Promise((resolve) => child.once("message", resolve));
  await sleep(LOAD_MS);
  child.kill("SIGKILL");
}
