import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { spec } from "@podule/test/stack/modules.ts";
import { residentBytes } from "@podule/test/stack/processes.ts";
import { type Stack, startStack } from "@podule/test/stack/stack.ts";
import podule from "../../../clients/typescript/src/index.ts";
import type { Sample } from "./judge-leaks.ts";

const MODULE = join(import.meta.dirname, "../../modules/leaky.py");
const SAMPLES = 20;
const LANES = 256;
const SETTLE_MS = 10_000;

interface Leaky {
  Thing(): object;
  live(): number;
  table(): number;
}

/** Makes objects through Envoy and drops them: every second one by hand, the others by leaving them to JavaScript's garbage collector. */
export async function runLeaks(total: number, say: (line: string) => void): Promise<Sample[]> {
  const stack = await startStack();
  try {
    await stack.connection.modules.createModule({
      moduleId: "leaky",
      module: { spec: spec({ path: MODULE }) },
    });
    return await makeAndDrop(stack, total, say);
  } finally {
    await stack.stop();
  }
}

async function makeAndDrop(stack: Stack, total: number, say: (line: string) => void): Promise<Sample[]> {
  const connection = podule.connect({ url: stack.address });
  const leaky = await connection.import<Leaky>("leaky");
  await leaky.live();
  const pids = stack.pids("worker").filter((pid) => stack.environment(pid).includes("MODULE_NAME=leaky\0"));
  const [worker] = pids;
  if (worker === undefined || pids.length !== 1) throw new Error(`${pids.length} workers of leaky`);
  const samples: Sample[] = [];
  const start = performance.now();
  const step = total / SAMPLES;
  for (let made = 0; made < total; ) {
    const until = Math.min(total, made + step);
    const lane = async (): Promise<void> => {
      while (made < until) {
        const number = made++;
        const thing = await leaky.Thing().$object();
        if (number % 2 === 0) thing.$release();
      }
    };
    await Promise.all(Array.from({ length: LANES }, lane));
    const left = async () => ({ live: Number(await leaky.live()), table: Number(await leaky.table()) });
    let counts = await left();
    for (const end = Date.now() + SETTLE_MS; counts.live + counts.table > 0 && Date.now() < end; ) {
      collectGarbage();
      await sleep(20);
      counts = await left();
    }
    const sample = {
      objects: made,
      seconds: (performance.now() - start) / 1000,
      residentMiB: residentBytes(worker) / 2 ** 20,
      ...counts,
    };
    samples.push(sample);
    say(
      `${sample.objects} objects, ${sample.seconds.toFixed(0)} s: worker ${sample.residentMiB.toFixed(1)} MiB, ${sample.live} alive, ${sample.table} in the table`,
    );
  }
  await connection.close();
  return samples;
}

function collectGarbage(): void {
  if (globalThis.gc === undefined) throw new Error("Run with --expose-gc");
  globalThis.gc();
}
