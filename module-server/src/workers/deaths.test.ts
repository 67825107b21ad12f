import { setTimeout as sleep } from "node:timers/promises";
import { ErrorInfo } from "@podule/proto/google/rpc/error_details.ts";
import { Status } from "nice-grpc-common";
import { afterAll, beforeAll, expect, test } from "vitest";
import { callRequest } from "../../testing/call-request.ts";
import {
  type CallError,
  eventually,
  failureOf,
  isAlive,
  sessionCall,
  startPod,
  type TestPod,
} from "../../testing/pod.ts";

let pod: TestPod;

beforeAll(async () => {
  pod = await startPod();
});
afterAll(async () => await pod[Symbol.asyncDispose]());

function metadataOf(error: CallError): Record<string, string> {
  const [info] = error.status.details;
  return info === undefined ? {} : Object.fromEntries(ErrorInfo.decode(info.value).metadata);
}

test("os._exit is told with its code", async () => {
  const error = await failureOf(pod.call(callRequest("leave", 3)));
  expect([error.status.code, error.reason]).toEqual([Status.ABORTED, "WORKER_EXITED"]);
  expect(metadataOf(error)).toMatchObject({ module: "trouble", exit_code: "3" });
  expect(await pod.call(callRequest("add", 1, 2))).toBe(3);
});

test("a segmentation fault is told by name", async () => {
  const error = await failureOf(pod.call(callRequest("segfault")));
  expect([error.status.code, error.reason]).toEqual([Status.ABORTED, "WORKER_CRASHED"]);
  expect(metadataOf(error)).toMatchObject({ signal: "SIGSEGV" });
  expect(await pod.call(callRequest("add", 1, 2))).toBe(3);
});

test("kill -9 of a worker from outside is no want of memory", async () => {
  const error = await failureOf(pod.call(callRequest("kill_self")));
  expect(error.status.code).toBe(Status.ABORTED);
  expect(["WORKER_CRASHED", "PROBABLY_OUT_OF_MEMORY"]).toContain(error.reason);
  expect(metadataOf(error)).toMatchObject({ signal: "SIGKILL" });
});

test("calls that a dead worker had not started are run once by another", async () => {
  const session = pod.session();
  await session.opened;
  const deadly = sessionCall(session, callRequest("leave", 1));
  const lines = Array.from({ length: 100 }, (_, at) => `line ${at}`);
  const others = lines.map((line) => sessionCall(session, callRequest("append", pod.file("lines"), line)));
  expect((await failureOf(deadly)).reason).toBe("WORKER_EXITED");
  expect(await Promise.all(others)).toEqual(lines);
  expect(pod.read("lines")?.trim().split("\n").sort()).toEqual([...lines].sort());
  session.close();
});

test("many deaths in a row are survived", async () => {
  for (let count = 0; count < 10; count++) {
    expect((await failureOf(pod.call(callRequest("leave", count)))).reason).toBe("WORKER_EXITED");
  }
  expect(await pod.call(callRequest("add", 1, 2))).toBe(3);
});

test("a call stuck in C is killed with its worker; calls elsewhere go on, those behind it too", async () => {
  await using two = await startPod({ env: { PODULE_WORKERS: "2" } });
  const stuck = failureOf(two.call(callRequest("stuck", two.file("stuck"), 60), { timeoutMs: 700 }));
  const pid = Number(await eventually(() => two.read("stuck") || undefined, "the stuck worker"));
  for (let count = 0; count < 50; count++)
    expect(await two.call(callRequest("add", count, 1))).toBe(count + 1);
  expect(isAlive(pid)).toBe(true);
  expect((await stuck).status.code).toBe(Status.DEADLINE_EXCEEDED);
  await eventually(() => (isAlive(pid) ? undefined : true), "the end of the stuck worker");
  await eventually(() => (two.pythons().length === 3 ? true : undefined), "a new worker");
  expect(await two.call(callRequest("add", 1, 2))).toBe(3);
});

test("a session sees the deadline of a call stuck in C at once", async () => {
  const session = pod.session();
  await session.opened;
  const started = performance.now();
  const error = await failureOf(sessionCall(session, callRequest("stuck", pod.file("s"), 60), 300));
  expect([error.status.code, error.reason]).toEqual([Status.DEADLINE_EXCEEDED, "DEADLINE_EXCEEDED"]);
  expect(performance.now() - started).toBeLessThan(1800);
  expect(await sessionCall(session, callRequest("add", 1, 2))).toBe(3);
  session.close();
});

test("kill -9 of the zygote costs its workers; calls that wait are answered by new ones", async () => {
  const [zygote] = pod.pythons();
  const running = failureOf(pod.call(callRequest("sleep", 60)));
  await sleep(300);
  process.kill(zygote ?? 0, "SIGKILL");
  const error = await running;
  expect([error.status.code, error.reason]).toEqual([Status.ABORTED, "WORKER_KILLED"]);
  expect(await pod.call(callRequest("add", 1, 2))).toBe(3);
});

test("kill -9 of the module server leaves no Python process", async () => {
  await using victim = await startPod({ env: { PODULE_WORKERS: "2" } });
  const stuck = victim.call(callRequest("stuck", victim.file("stuck"), 60));
  stuck.catch(() => {});
  await eventually(() => victim.read("stuck") || undefined, "the stuck worker");
  const pids = victim.pythons();
  expect(pids).toHaveLength(3);
  victim.child.kill("SIGKILL");
  await victim.ended;
  await eventually(() => (pids.some(isAlive) ? undefined : true), "the end of all Python processes");
});
