import { setTimeout as sleep } from "node:timers/promises";
import { Status } from "nice-grpc-common";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { eventually, failureOf, startPod, type TestPod } from "../../testing/pod.ts";
import {
  callback,
  int,
  object,
  plainOf,
  RawSession,
  type SessionOptions,
  str,
} from "../../testing/session.ts";

const GRACE_MS = 1000;
let pod: TestPod;
const open: RawSession[] = [];

beforeAll(async () => {
  pod = await startPod({
    env: {
      PODULE_WORKERS: "2",
      PODULE_SESSION_GRACE_MS: String(GRACE_MS),
    },
  });
});
afterEach(() => {
  for (const session of open.splice(0)) session.close();
});
afterAll(async () => await pod[Symbol.asyncDispose]());

function session(options?: SessionOptions, at: TestPod = pod): RawSession {
  const made = new RawSession(at.address, options);
  open.push(made);
  return made;
}

const PID = { function: "pid" };
const ACCOUNT = { function: "Account", args: [int(10)] };
const add = { function: "add", args: [int(1), int(2)] };

/** Sessions go to the workers in turns: one in each. */
async function oneInEach(): Promise<[RawSession, RawSession]> {
  const first = session({ resumable: true });
  await first.result(add);
  const second = session({ resumable: true });
  await second.result(add);
  return [first, second];
}

/** No worker has any object left. */
async function untilNoneIsLeft(): Promise<void> {
  const both = await oneInEach();
  try {
    for (let left = 1; left > 0; await sleep(50)) {
      const counts = await Promise.all(both.map((one) => one.result({ function: "alive" })));
      left = counts.reduce<number>((sum, count) => sum + Number(count), 0);
    }
  } finally {
    for (const one of both) one.send({ kind: "close" });
  }
}

test("sessions go to the worker that has the fewest, and stay there", async () => {
  const [first, second] = await oneInEach();
  const pids = await Promise.all([first.result(PID), first.result(PID), second.result(PID)]);
  expect(pids[0]).toBe(pids[1]);
  expect(pids[0]).not.toBe(pids[2]);
});

test("kill -9 of a worker ends exactly its sessions, each call with its final frame", async () => {
  const [victim, other] = await oneInEach();
  const pid = Number(await victim.result(PID));
  const account = other.call(ACCOUNT);
  const running = victim.call({ function: "sleep", args: [int(60)] });
  const queued = victim.call(ACCOUNT);
  const streamed = victim.call({ function: "count_to", args: [int(9)] }, { stream: true, credit: 2 });
  const asking = other.call({ function: "sleep", args: [int(1)] });
  await sleep(200);
  process.kill(pid, "SIGKILL");
  for (const call of [running, queued, streamed]) {
    const error = await failureOf(call.answer);
    expect(error.status.code).toBe(Status.ABORTED);
  }
  expect(await victim.end()).toEqual([Status.ABORTED, "SESSION_LOST"]);
  expect(victim.frames.at(-1)).toMatchObject({ kind: "error", id: 0 });
  expect([...victim.finals].filter(([id]) => id > 0).every(([, finals]) => finals.length === 1)).toBe(true);
  victim.reopen();
  expect(await victim.end()).toEqual([Status.NOT_FOUND, "SESSION_LOST"]);
  expect(plainOf(await asking.answer)).toBe(1);
  expect(await other.result({ operation: 1, function: "balance", target: object(account.id) })).toBe(10);
  await eventually(() => (pod.pythons().length === 3 ? true : undefined), "another worker");
});

test("a call that does not end when told to costs its own session, with the cause", async () => {
  const [victim, other] = await oneInEach();
  const file = pod.file("stuck");
  const call = victim.call({ function: "stuck", args: [str(file), int(60)] }, { timeoutMs: 500 });
  expect((await failureOf(call.answer)).status.code).toBe(Status.DEADLINE_EXCEEDED);
  const waiting = victim.call(add);
  expect((await failureOf(waiting.answer)).reason).toBe("WORKER_KILLED");
  expect(await victim.end()).toEqual([Status.ABORTED, "SESSION_LOST"]);
  expect(await other.result(add)).toBe(3);
});

test("a newer stream takes the session over; the older one is told", async () => {
  const one = session({ resumable: true });
  const account = one.call(ACCOUNT);
  await account.answer;
  const running = one.call({ function: "sleep", args: [int(1)] });
  await sleep(200);
  const older = one.stream;
  const ended = new Promise<string>((resolve) => older.once("error", (error) => resolve(error.message)));
  one.reopen();
  expect(await ended).toMatch(/newer stream/);
  expect(plainOf(await running.answer)).toBe(1);
  expect(await one.result({ operation: 1, function: "balance", target: object(account.id) })).toBe(10);
});

test("a session that is not resumable goes with its stream, with its objects and calls", async () => {
  const one = session();
  await one.result(ACCOUNT);
  const intruder = session({ token: one.token, resumable: true });
  expect(await intruder.end()).toEqual([Status.FAILED_PRECONDITION, "SESSION_NOT_RESUMABLE"]);
  expect(await one.result(add)).toBe(3);
  one.call({ function: "sleep", args: [int(60)] });
  one.stream.cancel();
  await untilNoneIsLeft();
  const late = session({ token: one.token, resumable: true });
  expect(await late.end()).toEqual([Status.NOT_FOUND, "SESSION_LOST"]);
});

test("a broken stream's session ends after the grace time, with its objects and calls", async () => {
  const one = session({ resumable: true });
  await one.result(ACCOUNT);
  one.call({ function: "sleep", args: [int(60)] });
  await sleep(100);
  one.stream.cancel();
  await one.end();
  await sleep(GRACE_MS / 2);
  one.reopen();
  expect(
    await one.result({ operation: 4, function: "len", args: [object(1)] }, 300).catch(() => "late"),
  ).toBe("late");
  one.stream.cancel();
  await one.end();
  await sleep(GRACE_MS + 500);
  one.reopen();
  expect(await one.end()).toEqual([Status.NOT_FOUND, "SESSION_LOST"]);
  await untilNoneIsLeft();
});

test.each(["close", "half-close"] as const)("%s ends the session once its calls have ended", async (how) => {
  const one = session({ resumable: true });
  await one.result(ACCOUNT);
  const last = one.call({ function: "sleep", args: [int(1)] });
  if (how === "close") one.send({ kind: "close" });
  else one.stream.end();
  expect(plainOf(await last.answer)).toBe(1);
  expect(await one.end()).toEqual([Status.OK, undefined]);
  await untilNoneIsLeft();
  const late = session({ token: one.token, resumable: true });
  expect(await late.end()).toEqual([Status.NOT_FOUND, "SESSION_LOST"]);
});

test("the id of a running call, 0, and `open` again end the session", async () => {
  const call = (id: number) =>
    ({
      kind: "call",
      id,
      request: Buffer.alloc(0),
      timeoutMs: 0,
      traceparent: "",
      stream: false,
      credit: 0,
    }) as const;
  const [twice, zero, again] = [session(), session(), session()];
  twice.call({ function: "sleep", args: [int(60)] });
  twice.send(call(1));
  zero.send(call(0));
  again.send({ kind: "open", module: "", resumable: false, token: "", received: 0, stateless: false });
  for (const one of [twice, zero, again])
    expect(await one.end()).toEqual([Status.INVALID_ARGUMENT, "PROTOCOL_VIOLATION"]);
});

test("a client that confirms what was not sent is refused", async () => {
  const one = session({ resumable: true });
  await one.result(add);
  one.log.receive();
  for (let count = 0; count < 5; count++) one.log.receive();
  one.reopen();
  expect(await one.end()).toEqual([Status.INVALID_ARGUMENT, "PROTOCOL_VIOLATION"]);
});

test("no more sessions than the pod may have", async () => {
  await using small = await startPod({ env: { PODULE_MAX_SESSIONS: "20" } });
  const many = Array.from({ length: 20 }, () => session({}, small));
  await Promise.all(many.map((one) => one.result(add)));
  expect(await session({}, small).end()).toEqual([Status.RESOURCE_EXHAUSTED, "TOO_MANY_SESSIONS"]);
  many[0]?.send({ kind: "close" });
  await many[0]?.end();
  expect(await session({}, small).result(add)).toBe(3);
});

test("a stream on which nothing is said costs no session", async () => {
  const client = session();
  await client.result(add);
  const silent = pod.client.makeBidiStreamRequest(
    "/podule.v1.Calls/Session",
    (request: Buffer) => request,
    (response: Buffer) => response,
  );
  const ended = new Promise<string>((resolve) => silent.on("error", ({ message }) => resolve(message)));
  expect(await client.result(add)).toBe(3);
  silent.cancel();
  expect(await ended).toMatch(/cancelled/i);
});

test("a callback ends when its session does", async () => {
  const [asking, other] = await oneInEach();
  const file = pod.file("callback");
  asking.call({ function: "note_callback", args: [callback(1), str(file)] });
  await asking.frame(({ kind }) => kind === "callback", "the callback");
  asking.stream.cancel();
  await asking.end();
  asking.reopen();
  asking.send({ kind: "cancel", id: asking.lastId });
  asking.send({ kind: "close" });
  await eventually(() => (asking.ended === null ? true : undefined), "the end");
  expect(await eventually(() => pod.read("callback"), "the note")).toMatch(/Cancelled|ConnectionError/);
  expect(await other.result(add)).toBe(3);
});

test("8: draining is told first; sessions go on until they end, new ones are refused", async () => {
  await using draining = await startPod({ env: { PODULE_DRAIN_GRACE_MS: "20000" } });
  const one = session({ resumable: true }, draining);
  const account = one.call(ACCOUNT);
  await account.answer;
  draining.child.kill("SIGTERM");
  expect(await one.frame(({ kind }) => kind === "draining", "draining")).toMatchObject({ graceMs: 20_000 });
  expect(await one.result({ operation: 1, function: "balance", target: object(account.id) })).toBe(10);
  one.send({ kind: "close" });
  expect(await one.end()).toEqual([Status.OK, undefined]);
  expect(await draining.ended).toBe(0);
});

test("8: what is left when the grace ends is told so", async () => {
  await using draining = await startPod({ env: { PODULE_DRAIN_GRACE_MS: "500" } });
  const one = session({ resumable: true }, draining);
  await one.result(ACCOUNT);
  const running = one.call({ function: "sleep", args: [int(60)] });
  await sleep(100);
  draining.child.kill("SIGTERM");
  expect((await failureOf(running.answer)).reason).toBe("POD_STOPPED");
  expect(await one.end()).toEqual([Status.ABORTED, "SESSION_LOST"]);
  expect(await draining.ended).toBe(0);
});
