import { Client, credentials, type ServiceError } from "@grpc/grpc-js";
import { type RpcStatus, reasonOf } from "@podule/grpc";
import { connectSession, encodeClientFrames, statusOfError } from "@podule/session";
import { Status } from "nice-grpc-common";
import { afterAll, beforeAll, expect, test } from "vitest";
import { callRequest } from "../../testing/call-request.ts";
import {
  eventually,
  failureOf,
  residentBytes,
  sessionCall,
  startPod,
  type TestPod,
} from "../../testing/pod.ts";

let pod: TestPod;

beforeAll(async () => {
  pod = await startPod({ env: { PODULE_WORKERS: "2", PODULE_MAX_IN_FLIGHT: "12000" } });
});
afterAll(async () => await pod[Symbol.asyncDispose]());

test("ten thousand calls at once on one stream are all answered", async () => {
  const session = pod.session();
  const calls = Array.from({ length: 10_000 }, (_, at) => sessionCall(session, callRequest("add", at, 1)));
  expect(session.inFlight).toBe(10_000);
  expect(await Promise.all(calls)).toEqual(Array.from({ length: 10_000 }, (_, at) => at + 1));
  expect([session.inFlight, session.maxInFlight]).toEqual([0, 12_000]);
  session.close();
});

test("calls beyond what was granted get a typed error, the others their answer", async () => {
  const session = pod.session();
  await session.opened;
  const calls = Array.from({ length: 12_100 }, () => sessionCall(session, callRequest("add", 1, 1)));
  const answers = await Promise.allSettled(calls);
  const refused = answers.filter((answer) => answer.status === "rejected");
  expect(refused).toHaveLength(100);
  expect((await failureOf(Promise.reject(refused[0]?.reason))).reason).toBe("TOO_MANY_CALLS");
  session.close();
});

test("another module's session is refused", async () => {
  const session = connectSession({ address: pod.address, module: "numpy" });
  await expect(session.opened).rejects.toThrow(/not "numpy"/);
});

test("a cancelled call is answered at once and its worker interrupted", async () => {
  const session = pod.session();
  await session.opened;
  const answer = new Promise<RpcStatus | undefined>((resolve) => {
    const call = session.call(callRequest("sleep", 60), {}, (error) => resolve(error));
    setTimeout(() => call.cancel(), 200);
  });
  expect((await answer)?.code).toBe(Status.CANCELLED);
  expect(await sessionCall(session, callRequest("add", 1, 2))).toBe(3);
  session.close();
});

test("close waits for the calls in flight", async () => {
  const closed = Promise.withResolvers<RpcStatus | undefined>();
  const session = connectSession({ address: pod.address, module: "", onClosed: closed.resolve });
  await session.opened;
  const call = sessionCall(session, callRequest("sleep", 0.5));
  session.close();
  expect((await failureOf(sessionCall(session, callRequest("add", 1, 1)))).reason).toBe("SESSION_CLOSED");
  expect(await call).toBe(0.5);
  expect(await closed.promise).toBeUndefined();
});

test.each([
  ["no open frame", encodeClientFrames([{ kind: "cancel", id: 1 }]), "PROTOCOL_VIOLATION"],
  ["bytes that are no message", Buffer.from("0aff", "hex"), "MALFORMED_MESSAGE"],
  ["a frame of a later version", Buffer.from("0a020a000a047a020801", "hex"), "UNKNOWN_FRAME"],
])("%s ends the session with a typed error", async (_name, message, reason) => {
  const client = new Client(pod.address, credentials.createInsecure());
  const identity = (bytes: Buffer) => bytes;
  const stream = client.makeBidiStreamRequest("/podule.v1.Calls/Session", identity, identity);
  stream.resume();
  const failed = new Promise<ServiceError>((resolve) => stream.on("error", resolve));
  stream.write(message);
  expect(reasonOf(statusOfError(await failed, "NONE"))).toBe(reason);
  client.close();
  expect(await pod.call(callRequest("add", 1, 2))).toBe(3);
});

test("when the pod dies, what was handed over is ABORTED, and what comes later UNAVAILABLE", async () => {
  await using victim = await startPod({ env: { PODULE_WORKERS: "2" } });
  const closed = Promise.withResolvers<RpcStatus | undefined>();
  const session = connectSession({ address: victim.address, module: "", onClosed: closed.resolve });
  await session.opened;
  const running = failureOf(sessionCall(session, callRequest("sleep", 60)));
  await sessionCall(victim.session(), callRequest("add", 1, 1)).catch(() => {});
  victim.child.kill("SIGKILL");
  const error = await running;
  expect([error.status.code, error.reason]).toEqual([Status.ABORTED, "SESSION_LOST"]);
  expect((await closed.promise)?.code).toBe(Status.UNAVAILABLE);
  const late = await failureOf(sessionCall(session, callRequest("add", 1, 1)));
  expect([late.status.code, late.reason]).toEqual([Status.UNAVAILABLE, "SESSION_CLOSED"]);
});

test("calls to an address where nobody listens were never sent", async () => {
  const session = connectSession({ address: `unix:${pod.file("nobody")}`, module: "" });
  const error = await failureOf(sessionCall(session, callRequest("add", 1, 1)));
  expect([error.status.code, error.reason]).toEqual([Status.UNAVAILABLE, "CALL_NOT_SENT"]);
});

test("a client that goes away cancels its calls", async () => {
  const session = pod.session();
  await session.opened;
  const lost = failureOf(sessionCall(session, callRequest("note", pod.file("gone"), 60)));
  await sessionCall(session, callRequest("sleep", 0.3));
  session.destroy();
  expect((await lost).reason).toBe("SESSION_LOST");
  await eventually(() => (pod.read("gone") === "Cancelled" ? true : undefined), "the note");
});

test("a client that reads slowly holds up its own calls only, and nothing is lost", async () => {
  const session = pod.session();
  await session.opened;
  const before = residentBytes(pod.child.pid ?? 0);
  let highest = 0;
  let answered = 0;
  const megabyte = callRequest("blob", 1_000_000);
  const calls = Array.from({ length: 300 }, async () => {
    expect(await sessionCall(session, megabyte)).toHaveLength(1_000_000);
    answered++;
    // The client's one thread is busy, so its stream is not read.
    const until = performance.now() + 5;
    while (performance.now() < until);
    highest = Math.max(highest, residentBytes(pod.child.pid ?? 0));
  });
  await Promise.all(calls);
  expect(answered).toBe(300);
  expect(highest - before).toBeLessThan(150 * 1024 * 1024);
  session.close();
});
