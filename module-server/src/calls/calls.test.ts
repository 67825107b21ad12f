import { setTimeout as sleep } from "node:timers/promises";
import { Status } from "nice-grpc-common";
import { afterAll, beforeAll, expect, test } from "vitest";
import { callRequest, callRequestOf } from "../../testing/call-request.ts";
import { eventually, failureOf, startPod, type TestPod } from "../../testing/pod.ts";

let pod: TestPod;

beforeAll(async () => {
  pod = await startPod({ env: { PODULE_WORKERS: "2", PODULE_MAX_MESSAGE_BYTES: "1000000" } });
});
afterAll(async () => await pod[Symbol.asyncDispose]());

test("a value comes back", async () => {
  expect(await pod.call(callRequest("add", 1, 2))).toBe(3);
  expect(await pod.call(callRequest("add", "a", "b"))).toBe("ab");
});

test("an exception of Python is the error, with its type and traceback", async () => {
  const error = await failureOf(pod.call(callRequest("fail", "no such luck")));
  expect(error.status.message).toContain("no such luck");
  expect(error.status.details.length).toBeGreaterThan(1);
  expect(Buffer.concat(error.status.details.map(({ value }) => value)).toString()).toContain("ValueError");
});

test("the module's id is accepted, another one is not", async () => {
  expect(await pod.call(callRequestOf("trouble", "add", 1, 1))).toBe(2);
  const error = await failureOf(pod.call(callRequestOf("numpy", "add", 1, 1)));
  expect([error.status.code, error.reason]).toEqual([Status.NOT_FOUND, "MODULE_NOT_FOUND"]);
});

test("bytes that are no request are refused", async () => {
  const error = await failureOf(pod.call(Buffer.from("0aff", "hex")));
  expect([error.status.code, error.reason]).toEqual([Status.INVALID_ARGUMENT, "MALFORMED_MESSAGE"]);
});

test("a result beyond the limit is refused, and the worker lives on", async () => {
  const pids = pod.pythons();
  const error = await failureOf(pod.call(callRequest("blob", 5_000_000)));
  expect([error.status.code, error.reason]).toEqual([Status.RESOURCE_EXHAUSTED, "RESULT_TOO_LARGE"]);
  expect(await pod.call(callRequest("blob", 900_000))).toHaveLength(900_000);
  expect(pod.pythons()).toEqual(pids);
});

test("the deadline reaches the Python frame, and the worker lives on", async () => {
  const pids = pod.pythons();
  const error = await failureOf(pod.call(callRequest("note", pod.file("deadline"), 60), { timeoutMs: 500 }));
  expect(error.status.code).toBe(Status.DEADLINE_EXCEEDED);
  expect(await eventually(() => pod.read("deadline") || undefined, "the note")).toBe("DeadlineExceeded");
  expect(pod.pythons()).toEqual(pids);
});

test("a cancelled call is interrupted", async () => {
  const abort = new AbortController();
  const failed = failureOf(pod.call(callRequest("note", pod.file("cancel"), 60), { signal: abort.signal }));
  await sleep(300);
  abort.abort();
  expect((await failed).status.code).toBe(Status.CANCELLED);
  expect(await eventually(() => pod.read("cancel") || undefined, "the note")).toBe("Cancelled");
});

test("two workers run two calls at once", async () => {
  const started = performance.now();
  await Promise.all([pod.call(callRequest("sleep", 1)), pod.call(callRequest("sleep", 1))]);
  expect(performance.now() - started).toBeLessThan(1900);
});

test("calls behind a long one go to a worker that is free", async () => {
  const long = pod.call(callRequest("sleep", 3));
  await sleep(100);
  const started = performance.now();
  await Promise.all(Array.from({ length: 50 }, () => pod.call(callRequest("sleep", 0.001))));
  expect(performance.now() - started).toBeLessThan(2500);
  await long;
});

test("what the module prints is the pod's own output", async () => {
  await pod.call(callRequest("say", "hello from Python"));
  await eventually(() => (pod.output().includes("hello from Python on stderr") ? true : undefined), "stderr");
  expect(pod.output()).toContain("hello from Python\n");
});

test("ten thousand calls at once are all answered", async () => {
  const answers = await Promise.all(
    Array.from({ length: 10_000 }, (_, at) => pod.call(callRequest("add", at, 1))),
  );
  expect(answers).toEqual(Array.from({ length: 10_000 }, (_, at) => at + 1));
});
