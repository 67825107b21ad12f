import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { gzipSync } from "node:zlib";
import { CallRequest } from "@podule/proto/podule/v1/calls.ts";
import { ModuleSpec } from "@podule/proto/podule/v1/modules.ts";
import { cancelFlood } from "@podule/test/stack/cancel-flood.ts";
import { rawUnary } from "@podule/test/stack/raw-client.ts";
import type { Stack } from "@podule/test/stack/stack.ts";
import { float, int } from "@podule/test/stack/values.ts";
import { residentMiB } from "../memory.ts";
import { DEADLINE_MS, startProber } from "../prober.ts";
import type { Measured, Result } from "../result.ts";
import type { Scenario } from "../scenario.ts";
import { noFailure } from "./unary.ts";

const CALL = "/podule.v1.Calls/Call";

/** A bystander's calls while `work` goes on, and the memory that it costs Envoy and the manager. */
async function beside(stack: Stack, growthMiB: number, work: () => Promise<Measured>): Promise<Result> {
  await stack.connection.call("operator", "add", [int(1), int(2)]);
  const before = residentMiB(stack);
  const prober = startProber(stack);
  const row = await work();
  const probed = await prober.stop();
  const grown = residentMiB(stack) - before;
  return {
    rows: [{ who: "the others", ...row, "Envoy and manager grew by MiB": grown }, probed.row],
    gates: [
      { ...noFailure(probed.failed), what: "failed calls of a bystander" },
      {
        what: "p99 of a bystander, ms",
        value: probed.p99Ms,
        bound: DEADLINE_MS / 4,
        is: "at most",
        kind: "absolute",
      },
      {
        what: "growth of Envoy and manager, MiB",
        value: grown,
        bound: growthMiB,
        is: "at most",
        kind: "absolute",
      },
    ],
  };
}

async function loadModule(stack: Stack, folder: string): Promise<void> {
  const spec = ModuleSpec.create({ path: join(folder, "load.py") });
  await stack.connection.modules.createModule({ moduleId: "load", module: { spec } });
  await stack.connection.call("load", "sleep", [float(0)]);
}

export const cancels: Scenario = {
  name: "burst of cancels",
  about: "one client starts 5,000 calls a second and cancels each at once; another goes on",
  isQuick: true,
  async run(bench) {
    const stack = await bench.startStack();
    const message = CallRequest.encode(
      CallRequest.fromPartial({ module: "operator", function: "add", args: [int(1), int(2)] }),
    ).finish();
    return beside(stack, 128, async () => {
      const seconds = bench.isLong ? 10 : 4;
      const { sent, connections } = await cancelFlood(stack.address, CALL, message, {
        perSecond: 5000,
        seconds,
      });
      return { calls: sent, connections };
    });
  },
};

const READERS = 50;

export const slowReaders: Scenario = {
  name: "slow readers",
  about: `${READERS} streams of 100 items of 1 MiB whose clients read two items and then nothing; another goes on`,
  async run(bench) {
    const stack = await bench.startStack();
    await loadModule(stack, bench.folder);
    return beside(stack, 512, async () => {
      const open = Array.from({ length: READERS }, async () => {
        const connection = stack.connect();
        const stream = connection.stream("load", "large", [int(100), int(2 ** 20)])[Symbol.asyncIterator]();
        for (let item = 0; item < 2; item++) await stream.next();
        return { connection, stream };
      });
      const readers = await Promise.all(open);
      await sleep(5000);
      for (const { connection } of readers) connection.close();
      return { calls: readers.length };
    });
  },
};

const BOMB_MIB = 512;
const BOMBS = 20;
const LARGEST_MESSAGE_MIB = 64;

export const gzipBomb: Scenario = {
  name: "gzip bomb",
  about: `messages of ${BOMB_MIB} MiB of zeros, compressed a thousandfold, twenty at once; another goes on`,
  isQuick: true,
  async run(bench) {
    const stack = await bench.startStack();
    const bomb = gzipSync(Buffer.alloc(BOMB_MIB * 2 ** 20), { level: 9 });
    let refused = 0;
    // Each may grow to the largest message before it is known for what it is.
    const result = await beside(stack, BOMBS * LARGEST_MESSAGE_MIB + 256, async () => {
      const answers = await Promise.all(
        Array.from({ length: BOMBS }, () => rawUnary(stack.address, CALL, bomb, { encoding: "gzip" })),
      );
      refused = answers.filter(({ code }) => code !== "OK").length;
      return {
        calls: BOMBS,
        answers: [...new Set(answers.map(({ code, reason }) => `${code} ${reason ?? ""}`))].join(),
      };
    });
    const gate = {
      what: "bombs refused",
      value: refused,
      bound: BOMBS,
      is: "at least",
      kind: "absolute",
    } as const;
    return { ...result, gates: [...result.gates, gate] };
  },
};

const STREAMS = 500;

export const manyStreams: Scenario = {
  name: "500 concurrent streams",
  about:
    "500 streams open at once, each of five items with a moment between, on five connections, one module with two workers of 256 threads; another goes on",
  async run(bench) {
    const stack = await bench.startStack();
    const spec = ModuleSpec.create({
      path: join(bench.folder, "load.py"),
      concurrency: { model: { $case: "threads", value: 256 } },
      workers: 2,
    });
    await stack.connection.modules.createModule({ moduleId: "load", module: { spec } });
    await stack.connection.call("load", "sleep", [float(0)]);
    let items = 0;
    const result = await beside(stack, 256, async () => {
      const connections = Array.from({ length: 5 }, () => stack.connect());
      const read = async (_: unknown, n: number) => {
        for await (const item of connections[n % 5]?.stream("load", "slowly", [int(5), float(0.2)]) ?? [])
          if (item.kind !== undefined) items += 1;
      };
      await Promise.all(Array.from({ length: STREAMS }, read));
      return { calls: STREAMS, items };
    });
    const all = {
      what: "items read",
      value: items,
      bound: STREAMS * 5,
      is: "at least",
      kind: "absolute",
    } as const;
    return { ...result, gates: [...result.gates, all] };
  },
};
