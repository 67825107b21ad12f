import { Status } from "nice-grpc-common";
import { afterEach, expect, test } from "vitest";
import { callRequest } from "../../testing/call-request.ts";
import { eventually, failureOf, isAlive, sessionCall, startPod, type TestPod } from "../../testing/pod.ts";

let pod: TestPod;

afterEach(async () => await pod[Symbol.asyncDispose]());

test("a worker of threads runs calls at once; one that does not end costs no other call", async () => {
  pod = await startPod({ env: { PODULE_CONCURRENCY: "threads:4" } });
  const old = Number(await pod.call(callRequest("pid")));
  const session = pod.session();
  await session.opened;
  const begun = performance.now();
  const others = [6, 7, 8].map((seconds) => sessionCall(session, callRequest("sleep", seconds)));
  const stuck = failureOf(pod.call(callRequest("sleep", 600), { timeoutMs: 500 }));
  expect((await stuck).status.code).toBe(Status.DEADLINE_EXCEEDED);
  // Two seconds later the worker is replaced, and takes no more calls.
  await eventually(() => (pod.pythons().length === 3 ? true : undefined), "the new worker");
  expect(isAlive(old)).toBe(true);
  await eventually(() => (pod.pythons().length === 2 ? true : undefined), "the end of the old worker");
  expect(await Promise.all(others)).toEqual([6, 7, 8]);
  expect(performance.now() - begun).toBeLessThan(21_000);
  expect(await pod.call(callRequest("pid"))).not.toBe(old);
  session.close();
});

test("a worker of tasks takes calls beyond what it runs, and answers all", async () => {
  pod = await startPod({ env: { PODULE_CONCURRENCY: "asyncio:50" } });
  const session = pod.session();
  await session.opened;
  const begun = performance.now();
  const calls = Array.from({ length: 200 }, () => sessionCall(session, callRequest("later", 1)));
  expect(new Set(await Promise.all(calls))).toEqual(new Set([1]));
  // One after the other it would be 200 s.
  expect(performance.now() - begun).toBeLessThan(60_000);
  session.close();
});
