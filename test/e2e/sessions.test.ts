import { readdirSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { CallRequest_Operation, CallRequest_ResultMode } from "@podule/proto/podule/v1/calls.ts";
import type { Value } from "@podule/proto/podule/v1/value.ts";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import podule, {
  type NdArray,
  type RemoteModule,
  SessionLostError,
} from "../../clients/typescript/src/index.ts";
import { type BreakableStack, startBreakableStack } from "../stack/breakable-stack.ts";
import { failure } from "../stack/call-failure.ts";
import { grpcurlAnswers } from "../stack/grpcurl.ts";
import { spec } from "../stack/modules.ts";
import { residentBytes } from "../stack/processes.ts";
import { json, plain, str, value } from "../stack/values.ts";

const GRACE_MS = 8000;
let stack: BreakableStack;
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "podule-e2e-"));
  stack = await startBreakableStack({ PODULE_SESSION_GRACE_MS: `${GRACE_MS}` });
  const path = join(import.meta.dirname, "../modules/probe.py");
  await stack.connection.modules.createModule({
    moduleId: "probe",
    module: { spec: spec({ path, workers: 2 }) },
  });
});
afterAll(async () => {
  await stack?.stop();
  await rm(folder, { recursive: true, force: true });
});

/** What the tests use of their modules. */
interface Probe {
  tally(key: string): number;
  tallies(prefix: string): number[];
  pid(): number;
  opaque(): object;
  collections: { Counter(items: string): object };
  time: { sleep(seconds: number): null };
}

interface Numpy {
  array(items: number[]): NdArray;
  sum(items: unknown): number;
  add(a: number, b: number): number;
  ones(length: number): NdArray;
}

function field(of: unknown, name: string): unknown {
  return typeof of === "object" && of !== null ? Reflect.get(of, name) : undefined;
}

const open = () => podule.import<Probe>("probe", { url: stack.address });
const openNumpy = () => podule.import<Numpy>("numpy", { url: stack.address });
const outcome = (call: PromiseLike<unknown>): Promise<unknown> =>
  Promise.resolve(call).catch((error: unknown) => error);

/** Calls one after the other, in `lanes` lanes, until told to stop; each key is called once. */
function load(module: RemoteModule<Probe>, prefix: string, lanes: number) {
  let running = true;
  const outcomes: unknown[] = [];
  const lane = async (lane: number): Promise<void> => {
    for (let n = 0; running; n++) outcomes.push(await outcome(module.tally(`${prefix} ${lane} ${n}`)));
  };
  const lanesDone = Promise.all(Array.from({ length: lanes }, (_, n) => lane(n)));
  return {
    outcomes,
    async stop(): Promise<unknown[]> {
      running = false;
      await lanesDone;
      return outcomes;
    },
  };
}

test("an expression is one message: its parts stay in Python", async () => {
  await using np = await openNumpy();
  expect(await np.sum(np.array([1, 2, 3, 4]))).toBe(10);
});

describe("a stream that breaks", () => {
  test("kill -9 of Envoy under load: every call is answered, none runs twice, objects stay", async () => {
    await using probe = await open();
    const held = await probe.collections.Counter("hello").$object();
    const running = load(probe, "envoy", 32);
    for (const pause of [0, 700]) {
      await sleep(300);
      const before = running.outcomes.length;
      await stack.replaceEnvoy(pause);
      await expect.poll(() => running.outcomes.length, { timeout: 15_000 }).toBeGreaterThan(before + 200);
    }
    const outcomes = await running.stop();
    expect(outcomes.filter((one) => one !== 1)).toEqual([]);
    const tallies = await probe.tallies("envoy");
    expect(tallies).toEqual(outcomes);
    expect(await held.$item("l")).toBe(2);
  });

  test("a call that runs meanwhile is answered on the next stream", async () => {
    await using probe = await open();
    await probe.pid();
    const slow = outcome(probe.time.sleep(2));
    await sleep(200);
    await stack.replaceEnvoy();
    expect(await slow).toBeNull();
  });
});

describe("what ends a session", () => {
  test("kill -9 of a worker: exactly its sessions are told, at once", async () => {
    await using one = await open();
    await using other = await open();
    const [pid, otherPid] = [Number(await one.pid()), Number(await other.pid())];
    expect(pid).not.toBe(otherPid);
    const held = await one.opaque().$object();
    const kept = await other.collections.Counter("aab").$object();
    const [running, others] = [outcome(one.time.sleep(60)), outcome(other.time.sleep(1))];
    await sleep(300);
    const start = performance.now();
    process.kill(pid, "SIGKILL");
    expect(await running).toMatchObject({ reason: expect.stringMatching(/WORKER|MEMORY|SESSION_LOST/) });
    expect(await outcome(held.$repr())).toBeInstanceOf(SessionLostError);
    expect(performance.now() - start).toBeLessThan(5000);
    expect(await others).toBeNull();
    expect(await kept.$item("a")).toBe(2);
    expect(Number(await one.pid())).toBeGreaterThan(0);
  });

  test("kill -9 of the pod: its sessions are lost, the next call has a new one", async () => {
    await using probe = await open();
    const held = await probe.opaque().$object();
    const running = outcome(probe.time.sleep(60));
    await sleep(300);
    const pods = stack.processes().filter(({ part }) => part === "pod");
    for (const { pid } of pods) process.kill(pid, "SIGKILL");
    expect(await running).toBeInstanceOf(SessionLostError);
    expect(await outcome(held.$repr())).toBeInstanceOf(SessionLostError);
    expect(Number(await probe.pid())).toBeGreaterThan(0);
  });

  test("kill -9 of the manager: local pods end with it, and their sessions are told so", async () => {
    await using probe = await open();
    const held = await probe.opaque().$object();
    const running = load(probe, "manager", 16);
    await sleep(300);
    await stack.replaceManager();
    await expect.poll(() => outcome(probe.pid()), { timeout: 20_000 }).toEqual(expect.any(Number));
    const outcomes = await running.stop();
    const failed = outcomes.filter((one) => one !== 1);
    for (const one of failed) expect(one).toMatchObject({ reason: expect.any(String) });
    expect(failed.some((one) => one instanceof SessionLostError)).toBe(true);
    expect(await outcome(held.$repr())).toBeInstanceOf(SessionLostError);
  });
});

describe("unary callers", () => {
  const call = (request: Parameters<typeof stack.connection.calls.call>[0]) =>
    stack.connection.calls.call(request);
  const object = (result: Value | undefined): Value => {
    if (result?.kind?.$case !== "object") throw new Error(`Not an object: ${JSON.stringify(result?.kind)}`);
    return value({ $case: "object", value: { ...result.kind.value, value: undefined } });
  };
  const make = () =>
    call({
      module: "collections",
      function: "Counter",
      args: [json("hello")],
      resultMode: CallRequest_ResultMode.OBJECT,
    });
  const item = (session: string, target: Value) =>
    call({
      session,
      function: "getitem",
      operation: CallRequest_Operation.OPERATOR,
      args: [target, json("l")],
    });

  test("hold objects by a token, each session its own", async () => {
    const [one, other] = [await make(), await make()];
    const [held, others] = [object(one.result), object(other.result)];
    expect(one.session).not.toBe(other.session);
    expect(plain((await item(one.session, held)).result)).toBe(2);
    const method = await call({ session: one.session, target: held, function: "total" });
    expect(plain(method.result)).toBe(5);
    // The other session's object of the same id is another one; once it is released there is none.
    const release = CallRequest_Operation.RELEASE;
    await call({ session: other.session, operation: release, args: [others] });
    expect((await failure(item(other.session, held))).reason).toBe("OBJECT_NOT_FOUND");
    expect(plain((await item(one.session, held)).result)).toBe(2);
    const guessed = `${one.session.slice(0, -4)}AAAA`;
    expect((await failure(item(guessed, held))).reason).toBe("SESSION_LOST");
  });

  test("can be a shell", async () => {
    const ask = async (request: object): Promise<unknown> =>
      (await grpcurlAnswers(stack.address, "podule.v1.Calls/Call", request))[0];
    const made = await ask({
      module: "collections",
      function: "Counter",
      args: [{ json: "hello" }],
      resultMode: "OBJECT",
    });
    expect(made).toMatchObject({ result: { object: { type: "collections:Counter" } } });
    const session = field(made, "session");
    const target = { object: { id: field(field(field(made, "result"), "object"), "id") } };
    const getItem = { function: "getitem", operation: "OPERATOR", args: [target, { json: "l" }] };
    expect(await ask({ session, ...getItem })).toMatchObject({ result: { int: "2" } });
    expect(await ask({ session, target, function: "total" })).toMatchObject({ result: { int: "5" } });
  });

  test("renew the lease by each call; without one it ends", async () => {
    const { session, result } = await make();
    const held = object(result);
    for (let n = 0; n < 3; n++) {
      await sleep(GRACE_MS / 2);
      expect(plain((await item(session, held)).result)).toBe(2);
    }
    await sleep(GRACE_MS + 2000);
    const error = await failure(item(session, held));
    expect([error.code, error.reason]).toEqual(["NOT_FOUND", "SESSION_LOST"]);
  });

  test("stream from an object", async () => {
    const { session, result } = await make();
    const items: unknown[] = [];
    const request = { session, target: object(result), function: "elements", args: [] };
    for await (const { item } of stack.connection.calls.stream(request)) items.push(plain(item));
    expect(items.sort()).toEqual(["e", "h", "l", "l", "o"]);
  });
});

test("a client that goes away without a word: its objects are dropped after the grace time", async () => {
  const count = 20;
  const calls = Array.from({ length: count }, (_, n) => ({
    frame: {
      $case: "call" as const,
      value: {
        id: BigInt(n + 1),
        request: {
          function: "Witness",
          args: [str(join(folder, `dropped-${n}`))],
          resultMode: CallRequest_ResultMode.OBJECT,
        },
      },
    },
  }));
  async function* requests() {
    yield { frames: [{ frame: { $case: "open" as const, value: { module: "probe", resumable: true } } }] };
    yield { frames: calls };
    await new Promise(() => {});
  }
  const abort = new AbortController();
  let made = 0;
  const reading = (async () => {
    for await (const { frames } of stack.connection.calls.session(requests(), { signal: abort.signal }))
      made += frames.filter(({ frame }) => frame?.$case === "result").length;
  })().catch(() => {});
  await expect.poll(() => made, { timeout: 10_000 }).toBe(count);
  abort.abort();
  await reading;
  const dropped = () => readdirSync(folder).filter((name) => name.startsWith("dropped-")).length;
  await sleep(GRACE_MS / 2);
  expect(dropped()).toBe(0);
  await expect.poll(dropped, { timeout: GRACE_MS + 10_000 }).toBe(count);
});

test("256 MB by value: small calls pass, and no hop keeps much of it", { timeout: 120_000 }, async () => {
  await using np = await openNumpy();
  await using other = await openNumpy();
  const array = new Float64Array(32_000_000).fill(1);
  await np.sum(new Float64Array(1000));
  const hops = stack.processes().filter(({ part }) => ["envoy", "manager", "pod"].includes(part));
  const before = new Map(hops.map(({ pid }) => [pid, residentBytes(pid)]));
  const peak = new Map(before);
  const watch = setInterval(() => {
    for (const { pid } of hops) peak.set(pid, Math.max(peak.get(pid) ?? 0, residentBytes(pid)));
  }, 20);
  let isDone = false;
  const large = Promise.resolve(np.sum(array)).finally(() => {
    isDone = true;
  });
  const latencies: number[] = [];
  while (!isDone) {
    const start = performance.now();
    await Promise.all([np.add(1, 2), other.add(1, 2)]);
    latencies.push(performance.now() - start);
  }
  expect(await large).toBe(32_000_000);
  const back = await np.ones(8_000_000);
  clearInterval(watch);
  expect(back).toMatchObject({ shape: [8_000_000] });
  const growth = hops.map(
    ({ pid, part }) => [part, ((peak.get(pid) ?? 0) - (before.get(pid) ?? 0)) / 2 ** 20] as const,
  );
  console.log(
    `${latencies.length} small calls passed; ${growth.map(([part, mb]) => `${part} +${mb.toFixed(0)} MiB`).join(", ")}`,
  );
  expect(latencies.length).toBeGreaterThan(3);
  for (const [part, mb] of growth) expect.soft(mb, part).toBeLessThan(128);
});
