import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Isolation, Scaling } from "@podule/proto/podule/v1/modules.ts";
import { afterAll, beforeAll, expect, test } from "vitest";
import podule, { type RemoteModule } from "../../clients/typescript/src/index.ts";
import { spec } from "../stack/modules.ts";
import { type Stack, startStack } from "../stack/stack.ts";
import { plain } from "../stack/values.ts";

const CODE = `
import os, time
total = 0
def pid(): return os.getpid()
def parent(): return os.getppid()
def add(n):
    global total
    total += n
    return total
def slow(seconds): time.sleep(seconds); return seconds
def crash(): os.abort()
`;

interface Own {
  pid(): number;
  parent(): number;
  add(n: number): number;
  slow(seconds: number): number;
  crash(): undefined;
}

let stack: Stack;
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "podule-e2e-"));
  const path = join(folder, "own.py");
  await writeFile(path, CODE);
  stack = await startStack({ env: { PODULE_WARM_PODS: "1", PODULE_PARKED_PODS: "2" } });
  const scaling = Scaling.create({ idleTimeout: { seconds: 1n, nanos: 0 } });
  await stack.connection.modules.createModule({
    moduleId: "own",
    module: { spec: spec({ path, scaling, isolation: Isolation.SESSION }) },
  });
});
afterAll(async () => {
  await stack?.stop();
  await rm(folder, { recursive: true, force: true });
});

const open = (): Promise<RemoteModule<Own>> => podule.import<Own>("own", { url: stack.address });
const parentOfCalls = async () => plain(await stack.connection.call("own", "parent"));

test("sessions with a worker each feel nothing of each other, through Envoy", async () => {
  const sessions = await Promise.all(Array.from({ length: 12 }, open));
  const pids = await Promise.all(sessions.map((session) => session.pid()));
  expect(new Set(pids).size).toBe(12);
  const [crashing, slow, ...others] = sessions;
  const slowCall = slow?.slow(3);
  await expect(Promise.resolve(crashing?.crash())).rejects.toThrow("SIGABRT");
  // It held no objects: the client goes on in a new session.
  expect(pids).not.toContain(await crashing?.pid());
  for (const session of others) expect(await session.add(1)).toBe(1);
  expect(await slowCall).toBe(3);
  await Promise.all(sessions.map((session) => session.$close()));
}, 60_000);

test("a module that has gone to zero is started from its parked pod", async () => {
  const parent = await parentOfCalls();
  const { modules } = stack.connection;
  const podsOf = async () => (await modules.getModule({ name: "modules/own" })).status?.pods ?? [];
  const [before] = await podsOf();
  for (let end = Date.now() + 45_000; (await podsOf()).length > 0; await sleep(100))
    if (Date.now() > end) throw new Error("The module has not gone to zero");
  expect(await parentOfCalls()).toBe(parent);
  const [after] = await podsOf();
  expect(after).toBeDefined();
  expect(after).not.toBe(before);
}, 90_000);
