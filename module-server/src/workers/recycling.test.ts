import { afterEach, expect, test } from "vitest";
import { callRequest } from "../../testing/call-request.ts";
import { eventually, isAlive, startPod, type TestPod } from "../../testing/pod.ts";
import { int, object, RawSession } from "../../testing/session.ts";

let pod: TestPod;

afterEach(async () => await pod[Symbol.asyncDispose]());

const pid = () => pod.call(callRequest("pid"));

test("workers are replaced after so many calls, and none of 3,000 under load is lost", async () => {
  pod = await startPod({ env: { PODULE_WORKERS: "2", PODULE_WORKER_MAX_CALLS: "100" } });
  const session = pod.session();
  await session.opened;
  const sums: Promise<unknown>[] = [];
  const one = (at: number) =>
    new Promise((resolve, reject) => {
      session.call(callRequest("add", at, 1), {}, (error, response) =>
        error === undefined ? resolve(response) : reject(new Error(error.message)),
      );
    });
  for (let at = 0; at < 3000; at += 50) {
    sums.push(...Array.from({ length: 50 }, (_, more) => one(at + more)));
    await Promise.all(sums.slice(-100, -50));
  }
  const answers = await Promise.allSettled(sums);
  expect(answers.filter(({ status }) => status === "rejected")).toEqual([]);
  const pids = new Set<unknown>();
  await eventually(() => (pod.pythons().length === 3 ? true : undefined), "the end of the replaced workers");
  for (let at = 0; at < 250; at++) pids.add(await pid());
  expect(pids.size).toBeGreaterThanOrEqual(3);
  session.close();
});

test("a replaced worker lives as long as a session has objects in it", async () => {
  pod = await startPod({ env: { PODULE_WORKER_MAX_CALLS: "5" } });
  const session = new RawSession(pod.address);
  const old = await session.result({ function: "pid" });
  await session.call({ function: "Account", args: [int(5)], resultMode: 2 }).answer;
  for (let at = 0; at < 4; at++) await pid();
  await eventually(() => (pod.pythons().length === 3 ? true : undefined), "the new worker");
  const deposit = { target: object(2), function: "deposit", args: [int(1)] };
  for (let at = 0; at < 20; at++) expect(await session.result(deposit)).toBe(1);
  expect(await session.result({ function: "pid" })).toBe(old);
  expect(await pid()).not.toBe(old);
  session.close();
  await eventually(() => (isAlive(Number(old)) ? undefined : true), "the end of the old worker");
  expect(await pod.call(callRequest("add", 1, 2))).toBe(3);
});

test("a worker that has grown is replaced, while its last call still runs", async () => {
  pod = await startPod({ env: { PODULE_WORKER_MAX_MEMORY_GROWTH: String(32 * 2 ** 20) } });
  const old = await pid();
  expect(await pod.call(callRequest("hoard", 64 * 2 ** 20))).toBe(64 * 2 ** 20);
  const slow = pod.call(callRequest("sleep", 3));
  await eventually(
    () => (isAlive(Number(old)) && pod.pythons().length === 2 ? undefined : true),
    "a new worker",
  );
  expect(await slow).toBe(3);
  await eventually(() => (isAlive(Number(old)) ? undefined : true), "the end of the old worker");
  expect(await pid()).not.toBe(old);
});

test("a worker is replaced by age, without a call", async () => {
  pod = await startPod({ env: { PODULE_WORKER_MAX_AGE_MS: "1000" } });
  const old = await pid();
  await eventually(() => (isAlive(Number(old)) ? undefined : true), "the end of the old worker");
  expect(await pid()).not.toBe(old);
});
