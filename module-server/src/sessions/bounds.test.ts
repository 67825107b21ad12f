import { setTimeout as sleep } from "node:timers/promises";
import { Status } from "nice-grpc-common";
import { afterAll, afterEach, beforeAll, expect, test, vi } from "vitest";
import { failureOf, residentBytes, startPod, type TestPod } from "../../testing/pod.ts";
import {
  bytes,
  type CallFields,
  int,
  plainOf,
  RawSession,
  type SessionOptions,
} from "../../testing/session.ts";

const MIB = 1024 * 1024;
/** What one client may cost the module server more than a quick one. */
const GROWTH = 64 * MIB;
/** More than the records of the last calls, which the module server keeps for `podule explain` and uses again. */
const REMEMBERED = 25_000;
const add = { function: "add", args: [int(1), int(2)] };
vi.setConfig({ testTimeout: 60_000 });
let pod: TestPod;
let before = 0;
const open: RawSession[] = [];

beforeAll(async () => {
  pod = await startPod();
  // V8 leaves up to 64 MB of dead buffers lie: what a quick reader and writer cost is taken off.
  before = 0;
  const quick = session({ resumable: true });
  for (let count = 0; count < REMEMBERED; count += 500)
    await Promise.all(
      Array.from({ length: 500 }, () => quick.call({ function: "nothing_here" }).answer.catch(() => {})),
    );
  const work = async () => {
    for (let count = 0; count < 3; count++) {
      await quick.result({ function: "blob", args: [int(32 * MIB)] });
      await quick.result({ operation: 4, function: "len", args: [bytes(Buffer.alloc(32 * MIB))] });
    }
    quick.send({ kind: "close" });
    await quick.end();
  };
  before = await growthDuring(work());
}, 60_000);
afterEach(() => {
  for (const made of open.splice(0)) made.close();
});
afterAll(async () => await pod[Symbol.asyncDispose]());

function session(options?: SessionOptions): RawSession {
  const made = new RawSession(pod.address, options);
  open.push(made);
  return made;
}

/** The most that the module server has grown while `work` lasts. */
async function growthDuring(work: Promise<unknown>): Promise<number> {
  let most = 0;
  let over = false;
  const look = () => {
    most = Math.max(most, residentBytes(pod.child.pid ?? 0) - before);
  };
  const ended = work.finally(() => {
    over = true;
  });
  ended.catch(() => {});
  while (!over) {
    look();
    await sleep(20);
  }
  await ended;
  look();
  return most;
}

test.each([true, false])(
  "200 MB of results for a slow reader cost little, and all arrive (resumable: %s)",
  async (resumable) => {
    const one = session({ resumable });
    await one.result(add);
    const calls = Array.from({ length: 200 }, () => one.call({ function: "blob", args: [int(1_000_000)] }));
    one.stream.pause();
    const slow = setInterval(() => (one.stream.isPaused() ? one.stream.resume() : one.stream.pause()), 40);
    const work = Promise.all(
      calls.map(async ({ answer }) => {
        const body = plainOf(await answer);
        return Buffer.isBuffer(body) ? body.length : body;
      }),
    );
    const growth = await growthDuring(work);
    clearInterval(slow);
    expect(new Set(await work)).toEqual(new Set([1_000_000]));
    expect(growth).toBeLessThan(GROWTH);
  },
);

test("200 MB of results for a reader that went away wait in the worker", async () => {
  const one = session({ resumable: true });
  await one.result(add);
  const calls = Array.from({ length: 200 }, () => one.call({ function: "blob", args: [int(1_000_000)] }));
  await sleep(50);
  one.stream.cancel();
  await one.end();
  expect(await growthDuring(sleep(2000))).toBeLessThan(GROWTH);
  one.reopen();
  expect(await growthDuring(Promise.all(calls.map(({ answer }) => answer)))).toBeLessThan(GROWTH);
});

test("a stream of items costs no more than its reader takes", async () => {
  const one = session({ resumable: true, confirms: false });
  await one.result(add);
  const many = Array.from({ length: 100 }, () =>
    one.call({ function: "blobs", args: [int(60_000), int(1000)] }, { stream: true, credit: 1000 }),
  );
  expect(await growthDuring(sleep(3000))).toBeLessThan(GROWTH);
  const items = one.frames.filter(({ kind }) => kind === "item").length;
  expect(items * 60_000).toBeLessThan(8 * MIB);
  expect(many.every(({ id }) => !one.finals.has(id))).toBe(true);
});

test("an argument of 256 MB passes through, with small calls between", async () => {
  const one = session({ resumable: true });
  await one.result(add);
  const size = 256 * MIB;
  const smalls: Promise<unknown>[] = [];
  const large: CallFields = { operation: 4, function: "len", args: [bytes(Buffer.alloc(size))] };
  const answer = one.upload(large, () => {
    if (smalls.length < 100) smalls.push(one.result(add));
  });
  expect(await growthDuring(answer)).toBeLessThan(GROWTH);
  expect(plainOf(await answer)).toBe(size);
  expect(smalls).toHaveLength(100);
  expect(new Set(await Promise.all(smalls))).toEqual(new Set([3]));
});

test("a large argument goes on its way while a call runs, and that call can be cancelled", async () => {
  const one = session({ resumable: true });
  await one.result(add);
  const running = one.call({ function: "sleep", args: [int(60)] });
  await sleep(200);
  const large = one.call({ operation: 4, function: "len", args: [bytes(Buffer.alloc(30 * MIB))] });
  one.send({ kind: "cancel", id: running.id });
  expect((await failureOf(running.answer)).status.code).toBe(Status.CANCELLED);
  expect(plainOf(await large.answer)).toBe(30 * MIB);
});

test("a flood of calls far beyond max_in_flight is answered or ended, typed, in bounded memory", async () => {
  const one = session();
  await one.result(add);
  one.call({ function: "sleep", args: [int(3)] });
  const flood = async () => {
    for (let round = 0; round < 60; round++) {
      for (let count = 0; count < 500; count++) one.call(add).answer.catch(() => {});
      await sleep(1);
    }
    for (let waits = 0; waits < 500 && one.ended === undefined && one.finals.size < one.lastId; waits++)
      await sleep(20);
  };
  expect(await growthDuring(flood())).toBeLessThan(GROWTH);
  const errors = one.frames.filter(({ kind }) => kind === "error").length;
  expect(errors).toBeGreaterThan(100);
  if (one.ended === undefined) expect(one.finals.size).toBe(one.lastId);
  else expect(await one.end()).toEqual([Status.RESOURCE_EXHAUSTED, "SLOW_READER"]);
});

test("a client that calls and never confirms is ended, typed, in bounded memory", async () => {
  const one = session({ resumable: true, confirms: false });
  await one.result(add);
  const work = async () => {
    while (one.ended === undefined) {
      for (let count = 0; count < 200; count++)
        one.call({ function: "blob", args: [int(20_000)] }).answer.catch(() => {});
      await sleep(5);
    }
  };
  expect(await growthDuring(work())).toBeLessThan(GROWTH);
  expect(await one.end()).toEqual([Status.RESOURCE_EXHAUSTED, "SLOW_READER"]);
  expect(await session().result(add)).toBe(3);
});
