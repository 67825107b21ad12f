import { setTimeout as sleep } from "node:timers/promises";
import { Status } from "nice-grpc-common";
import { afterEach, expect, test } from "vitest";
import { callRequest } from "../../testing/call-request.ts";
import { eventually, failureOf, isAlive, startPod, type TestPod } from "../../testing/pod.ts";
import { int, RawSession } from "../../testing/session.ts";

let pod: TestPod;
const sessions: RawSession[] = [];

afterEach(async () => {
  for (const session of sessions.splice(0)) session.close();
  await pod[Symbol.asyncDispose]();
});

async function start(env: Record<string, string> = {}): Promise<void> {
  pod = await startPod({ env: { PODULE_ISOLATION: "session", ...env } });
}

function open(options: { resumable?: boolean } = {}): RawSession {
  const session = new RawSession(pod.address, options);
  sessions.push(session);
  return session;
}

const pidOf = async (session: RawSession) => Number(await session.result({ function: "pid" }));

test("each session has a process of its own, that goes with it", async () => {
  await start();
  const [one, two] = [open(), open()];
  const pids = [await pidOf(one), await pidOf(two), Number(await pod.call(callRequest("pid")))];
  expect(new Set(pids).size).toBe(3);
  expect(await pidOf(one)).toBe(pids[0]);
  one.close();
  await eventually(() => (isAlive(pids[0] ?? 0) ? undefined : true), "the end of the session's process");
  expect(pids.slice(1).map(isAlive)).toEqual([true, true]);
});

test("a crash, a slow call and the state of one are felt by no other", async () => {
  await start();
  const [crashes, sleeps, works] = [open(), open(), open()];
  await Promise.all([pidOf(crashes), pidOf(sleeps), pidOf(works)]);
  const slow = sleeps.call({ function: "sleep", args: [int(60)] });
  await expect(crashes.result({ function: "segfault" })).rejects.toMatchObject({ reason: "WORKER_CRASHED" });
  expect(await crashes.end()).toEqual([Status.ABORTED, "SESSION_LOST"]);
  expect(await works.result({ function: "add", args: [int(1), int(2)] })).toBe(3);
  expect(await works.result({ function: "Account", args: [int(1)], resultMode: 2 })).toHaveProperty("object");
  expect(await works.result({ function: "alive" })).toBe(1);
  expect(await pod.call(callRequest("alive"))).toBe(0);
  expect(await pidOf(open())).not.toBe(await pidOf(works));
  expect(sleeps.finals.has(slow.id)).toBe(false);
});

test("a session that ends while its call runs takes its process along", async () => {
  await start();
  const session = open();
  const pid = await pidOf(session);
  session.call({ function: "sleep", args: [int(60)] });
  await sleep(50);
  session.close();
  await eventually(() => (isAlive(pid) ? undefined : true), "the end of the session's process");
});

test("one session more than allowed is refused with what is", async () => {
  await start({ PODULE_MAX_SESSIONS: "2" });
  await Promise.all([pidOf(open()), pidOf(open())]);
  expect(await open().end()).toEqual([Status.RESOURCE_EXHAUSTED, "TOO_MANY_SESSIONS"]);
});

test("sessions beyond the memory for them are refused, until one has gone", async () => {
  await start({ PODULE_SESSION_MEMORY: String(40 * 2 ** 20) });
  const first = open();
  expect(await first.result({ function: "hoard", args: [int(30 * 2 ** 20)] })).toBe(30 * 2 ** 20);
  expect(await open().end()).toEqual([Status.RESOURCE_EXHAUSTED, "SESSION_MEMORY"]);
  expect((await failureOf(pod.call(callRequest("fail", "calls go on")))).reason).toBe("PYTHON_EXCEPTION");
  first.close();
  await eventually(() => (pod.pythons().length === 2 ? true : undefined), "the end of the session's process");
  expect(await pidOf(open())).toBeGreaterThan(0);
});

test("it survives the loss of its stream in its own process", async () => {
  await start();
  const session = open({ resumable: true });
  const pid = await pidOf(session);
  session.stream.cancel();
  session.reopen();
  expect(await pidOf(session)).toBe(pid);
});
