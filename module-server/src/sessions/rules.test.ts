import { setTimeout as sleep } from "node:timers/promises";
import { Status } from "nice-grpc-common";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { KEEPER } from "../../testing/keeper.ts";
import { eventually, failureOf, startPod, type TestPod } from "../../testing/pod.ts";
import {
  bytes,
  callback,
  int,
  object,
  plainOf,
  RawSession,
  responseOf,
  type SessionOptions,
  str,
} from "../../testing/session.ts";

let pod: TestPod;
const open: RawSession[] = [];

beforeAll(async () => {
  pod = await startPod({ env: { ...KEEPER, PODULE_WORKERS: "2", PODULE_POD_NAME: "pod-a.b" } });
});
afterEach(() => {
  for (const session of open.splice(0)) session.close();
});
afterAll(async () => await pod[Symbol.asyncDispose]());

function session(options?: SessionOptions): RawSession {
  const made = new RawSession(pod.address, options);
  open.push(made);
  return made;
}

const ACCOUNT = { function: "Account", args: [int(10)] };

test("1: calls are started in the order of their ids, and each gets exactly one final frame", async () => {
  const one = session();
  const account = one.call(ACCOUNT);
  const answers = Array.from({ length: 500 }, (_, at) =>
    one.call({ function: "deposit", args: [int(at)], target: object(account.id), resultMode: 1 }),
  );
  const failed = one.call({ function: "deposit", args: [int(-1)], target: object(account.id) });
  const cancelled = one.call({ function: "sleep", args: [int(60)] });
  one.send({ kind: "cancel", id: cancelled.id });
  expect((await failureOf(failed.answer)).status.code).toBe(Status.INVALID_ARGUMENT);
  expect((await failureOf(cancelled.answer)).status.code).toBe(Status.CANCELLED);
  await Promise.allSettled(answers.map(({ answer }) => answer));
  // item 1 + n is what the n-th deposit left.
  for (const at of [0, 1, 250, 499])
    expect(
      await one.result({ operation: 4, function: "getitem", args: [object(account.id), int(at + 1)] }),
    ).toBe(at);
  await sleep(100);
  expect([...one.finals.values()].every((finals) => finals.length === 1)).toBe(true);
  expect(one.finals.size).toBe(one.lastId);
});

test("2: what a broken stream has lost is sent again, and no call is run twice", async () => {
  const one = session({ resumable: true });
  const account = one.call(ACCOUNT);
  await account.answer;
  const slow = one.call({ function: "sleep", args: [int(1)] });
  const deposit = one.call({ function: "deposit", args: [int(5)], target: object(account.id) });
  await sleep(200);
  one.stream.cancel();
  await one.end();
  const late = one.call({ function: "deposit", args: [int(7)], target: object(account.id) });
  await sleep(1200);
  one.reopen();
  expect(plainOf(await slow.answer)).toBe(1);
  await Promise.all([deposit.answer, late.answer]);
  expect(await one.result({ operation: 1, function: "balance", target: object(account.id) })).toBe(22);
  expect([...one.finals.values()].every((finals) => finals.length === 1)).toBe(true);
});

test("3: the token names the pod, and is nobody else's to guess", async () => {
  const [one, two] = [session(), session()];
  await Promise.all([one.result(ACCOUNT), two.result(ACCOUNT)]);
  expect(one.token).toMatch(/^pod-a\.b\.[\w-]{22}$/);
  expect(one.token).not.toBe(two.token);
  const wrong = session({ token: `${one.token.slice(0, -1)}!`, resumable: true });
  expect(await wrong.end()).toEqual([Status.NOT_FOUND, "SESSION_LOST"]);
});

test("4: items come as credit allows, calls as max_in_flight does; one more gets a typed error", async () => {
  const one = session();
  const streamed = one.call({ function: "numbers", args: [int(50)] }, { stream: true, credit: 3 });
  const items = () => one.frames.filter((frame) => frame.kind === "item").length;
  await eventually(() => (items() === 3 ? true : undefined), "three items");
  await sleep(200);
  expect(items()).toBe(3);
  one.send({ kind: "credit", id: streamed.id, items: 100 });
  await streamed.answer;
  expect(items()).toBe(50);

  const blocking = one.call({ function: "sleep", args: [int(1)] });
  const limit = one.opened?.maxInFlight ?? 0;
  const calls = Array.from({ length: limit + 20 }, () => one.call({ function: "sleep", args: [int(0)] }));
  const settled = await Promise.allSettled(calls.map(({ answer }) => answer));
  const refused = settled.filter(({ status }) => status === "rejected");
  expect(refused).toHaveLength(21);
  const frame = one.finals.get(calls.at(-1)?.id ?? 0)?.[0];
  expect(frame?.kind).toBe("error");
  expect((await failureOf(calls.at(-1)?.answer ?? blocking.answer)).reason).toBe("TOO_MANY_CALLS");
  expect(plainOf(await blocking.answer)).toBe(1);
});

test("5: large values travel in chunks, and small calls pass between", async () => {
  const one = session();
  const size = 20 * 1024 * 1024;
  const large = one.call({ operation: 4, function: "len", args: [bytes(Buffer.alloc(size, 7))] });
  const out = one.call({ function: "blob", args: [int(size)] });
  const small = one.call({ operation: 4, function: "add", args: [int(1), int(2)] });
  expect(plainOf(await small.answer)).toBe(3);
  expect(one.finals.has(out.id)).toBe(false);
  expect(plainOf(await large.answer)).toBe(size);
  const body = plainOf(await out.answer);
  expect(Buffer.isBuffer(body) ? [body.length, body[0], body.at(-1)] : body).toEqual([size, 120, 120]);
});

test.each([
  ["more than it has", 10, 20, 10],
  ["of another size than before", 10, 10, 11],
  ["beyond any size", 10, 10, 2 ** 33],
])("5: chunks that say %s end the session", async (_name, first, second, total) => {
  const one = session();
  const chunk = (length: number, of: number) =>
    one.send({ kind: "chunk", id: 1, data: Buffer.alloc(length), total: of, callback: false });
  chunk(first, total === 11 ? 30 : total);
  chunk(second, total);
  expect(await one.end()).toEqual([Status.INVALID_ARGUMENT, "PROTOCOL_VIOLATION"]);
});

test("6: a call may name the result of one that is not answered yet; its error becomes that call's", async () => {
  const one = session();
  const bad = one.call({ function: "Account", args: [int(1), int(2), int(3)] });
  const depends = one.call({ function: "deposit", args: [int(5)], target: object(bad.id) });
  const account = one.call(ACCOUNT);
  const sum = one.call({ operation: 4, function: "add", args: [object(account.id), object(account.id)] });
  const balance = one.call({ operation: 1, function: "balance", target: object(sum.id) });
  expect(plainOf(await balance.answer)).toBe(20);
  const error = await failureOf(depends.answer);
  expect(JSON.stringify(error.status)).toContain("TypeError");
  const other = session();
  expect(
    (await failureOf(other.call({ operation: 1, function: "balance", target: object(account.id) }).answer))
      .reason,
  ).toBe("OBJECT_NOT_FOUND");
});

test("6: an object goes when it is released, also before its call has ended", async () => {
  const one = session();
  const before = await one.result({ function: "alive" });
  const account = one.call(ACCOUNT);
  expect(await one.result({ function: "alive" })).toBe(Number(before) + 1);
  one.call({ function: "sleep", args: [int(0)] });
  const early = one.call(ACCOUNT);
  one.send({ kind: "release", ids: [account.id, early.id, 999] });
  expect(await one.result({ function: "alive" })).toBe(before);
});

test("7: Python calls the client's functions, small and large, and goes on serving the session meanwhile", async () => {
  const large = 3 * 1024 * 1024;
  const one = session();
  const call = one.call({ function: "apply", args: [callback(5), int(7)] });
  const asked = await one.frame(({ kind }) => kind === "callback", "the callback");
  expect(asked).toMatchObject({ function: 5 });
  expect(await one.result({ operation: 4, function: "add", args: [int(1), int(2)] })).toBe(3);
  const id = asked.kind === "callback" ? asked.id : 0;
  one.send({ kind: "callbackResult", id, response: responseOf(int(49)), error: undefined });
  expect(plainOf(await call.answer)).toBe(49);

  const pieces: number[] = [];
  const two = session({
    onFrame(frame) {
      if (frame.kind === "chunk" && frame.callback) pieces.push(frame.data.length);
      if (frame.kind !== "callback") return;
      const body = responseOf(bytes(Buffer.alloc(large, 1)));
      for (let at = 0; at < body.length; at += 1_000_000)
        two.send({
          kind: "chunk",
          id: frame.id,
          data: body.subarray(at, at + 1_000_000),
          total: body.length,
          callback: true,
        });
      two.send({ kind: "callbackResult", id: frame.id, response: Buffer.alloc(0), error: undefined });
    },
  });
  const echoed = await two.result({ function: "apply", args: [callback(6), bytes(Buffer.alloc(large, 2))] });
  expect(Buffer.isBuffer(echoed) ? echoed.equals(Buffer.alloc(large, 1)) : echoed).toBe(true);
  expect(pieces.reduce((sum, length) => sum + length, 0)).toBeGreaterThan(large);
});

test("7: a callback that nobody answers ends with its call", async () => {
  const one = session();
  const call = one.call({ function: "apply", args: [callback(5)] }, { timeoutMs: 300 });
  expect((await failureOf(call.answer)).status.code).toBe(Status.DEADLINE_EXCEEDED);
  expect(await one.result({ function: "apply_or", args: [str("no function"), int(4)] })).toMatch(/TypeError/);
});
