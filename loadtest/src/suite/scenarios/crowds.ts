import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { Client, credentials } from "@grpc/grpc-js";
import { SessionRequest } from "@podule/proto/podule/v1/calls.ts";
import { ModuleSpec, Scaling } from "@podule/proto/podule/v1/modules.ts";
import { int } from "@podule/test/stack/values.ts";
import { residentMiB } from "../memory.ts";
import { startProber } from "../prober.ts";
import type { Scenario } from "../scenario.ts";
import { noFailure } from "./unary.ts";

const PER_CONNECTION = 500;
const OPENING = 50;
const SESSIONS = 10_000;
const identity = (bytes: Buffer) => bytes;

export const idleSessions: Scenario = {
  name: "idle sessions",
  about: "10,000 sessions of one module that do nothing; another goes on",
  async run(bench) {
    const stack = await bench.startStack();
    await stack.connection.call("operator", "add", [int(1), int(2)]);
    const before = residentMiB(stack);
    const open = Buffer.from(
      SessionRequest.encode(
        SessionRequest.fromPartial({ frames: [{ frame: { $case: "open", value: { module: "operator" } } }] }),
      ).finish(),
    );
    const clients: Client[] = [];
    let [opened, refused] = [0, 0];
    const prober = startProber(stack);
    const begun = performance.now();
    for (let n = 0; n < SESSIONS; n += OPENING) {
      if (n % PER_CONNECTION === 0)
        clients.push(
          new Client(stack.address, credentials.createInsecure(), { "grpc.use_local_subchannel_pool": 1 }),
        );
      const client = clients.at(-1);
      if (client === undefined) break;
      await Promise.all(
        Array.from({ length: OPENING }, async () => {
          const stream = client.makeBidiStreamRequest("/podule.v1.Calls/Session", identity, identity);
          stream.on("error", () => undefined);
          stream.write(open);
          const answer = await Promise.race([once(stream, "data"), once(stream, "status")]);
          if (Buffer.isBuffer(answer[0])) opened += 1;
          else refused += 1;
        }),
      );
    }
    const openedIn = (performance.now() - begun) / 1000;
    await sleep(3000);
    const grown = residentMiB(stack) - before;
    const probed = await prober.stop();
    for (const client of clients) client.close();
    return {
      rows: [
        {
          who: "sessions",
          opened,
          refused,
          "s to open": openedIn,
          "KiB each, Envoy and manager": (grown * 1024) / opened,
        },
        probed.row,
      ],
      gates: [
        { what: "sessions open at once", value: opened, bound: SESSIONS, is: "at least", kind: "absolute" },
        { ...noFailure(probed.failed), what: "failed calls of a bystander" },
      ],
    };
  },
};

const seconds = (amount: number) => ({ seconds: BigInt(amount), nanos: 0 });

/** Modules of nothing but the standard library: the same environment, a pod each. */
export const wakeModules = (count: number): Scenario => ({
  name: "modules woken",
  about: `${count} modules, each called once, forty at a time; those that are done go after a second`,
  async run(bench) {
    const stack = await bench.startStack();
    const scaling = Scaling.create({ stableWindow: seconds(1), idleTimeout: seconds(1) });
    const spec = ModuleSpec.create({ importName: "operator", scaling });
    const ids = Array.from({ length: count }, (_, n) => `woken${n}`);
    const begun = performance.now();
    const answered: [number, number][] = [];
    let failed = 0;
    const waiting = [...ids];
    const lane = async () => {
      for (let id = waiting.shift(); id !== undefined; id = waiting.shift()) {
        await stack.connection.modules.createModule({ moduleId: id, module: { spec } });
        await stack.connection.call(id, "add", [int(1), int(2)]).then(
          () => answered.push([(performance.now() - begun) / 1000, answered.length + 1]),
          () => failed++,
        );
      }
    };
    await Promise.all(Array.from({ length: 40 }, lane));
    const took = (performance.now() - begun) / 1000;
    return {
      rows: [
        { modules: count, answered: answered.length, failed, "s in all": took, "modules/s": count / took },
      ],
      gates: [
        noFailure(failed),
        { what: "s in all", value: took, bound: (count / 500) * 60, is: "at most", kind: "absolute" },
      ],
      charts: [{ title: "modules woken", unit: "modules", series: [{ name: "answered", points: answered }] }],
    };
  },
});
