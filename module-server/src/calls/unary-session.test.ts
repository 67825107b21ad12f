import { setTimeout as sleep } from "node:timers/promises";
import type { ClientReadableStream, ServiceError } from "@grpc/grpc-js";
import { CallResponse } from "@podule/proto/podule/v1/calls.ts";
import { statusOfError } from "@podule/session";
import { Status } from "nice-grpc-common";
import { afterAll, beforeAll, expect, test } from "vitest";
import { itemOf } from "../../testing/call-request.ts";
import { CallError, failureOf, startPod, type TestPod } from "../../testing/pod.ts";
import { type CallFields, encodeRequest, int, object, plainOf, RawSession } from "../../testing/session.ts";

const GRACE_MS = 1000;
const identity = (bytes: Buffer) => bytes;
let pod: TestPod;

beforeAll(async () => {
  // The token is longer than one byte can count.
  const PODULE_POD_NAME = `pod-${"x".repeat(150)}`;
  pod = await startPod({
    env: {
      PODULE_WORKERS: "2",
      PODULE_SESSION_GRACE_MS: String(GRACE_MS),
      PODULE_POD_NAME,
      PODULE_MAX_MESSAGE_BYTES: "4000000",
    },
  });
});
afterAll(async () => await pod[Symbol.asyncDispose]());

function call(request: CallFields, timeoutMs = 20_000): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    pod.client.makeUnaryRequest(
      "/podule.v1.Calls/Call",
      identity,
      identity,
      encodeRequest(request),
      { deadline: Date.now() + timeoutMs },
      (error: ServiceError | null, response?: Buffer) => {
        if (error !== null) reject(new CallError(statusOfError(error, "NONE")));
        else resolve(response ?? Buffer.alloc(0));
      },
    );
  });
}

/** A new session with an account in it: its token and the account's id. */
async function account(): Promise<{ session: string; id: number }> {
  const response = await call({ function: "Account", args: [int(10)], resultMode: 2 });
  const { session, result } = CallResponse.decode(response);
  return { session, id: result?.kind?.$case === "object" ? Number(result.kind.value.id) : 0 };
}

const balance = ({ session, id }: { session: string; id: number }): CallFields => ({
  operation: 1,
  function: "balance",
  target: object(id),
  session,
});

test("a unary call makes a session; others use it by its token, and only there", async () => {
  const [one, two] = [await account(), await account()];
  expect(one.session.split(".")[0]).toHaveLength(154);
  await call({ function: "deposit", args: [int(5)], target: object(one.id), session: one.session });
  const response = await call(balance(one));
  expect(plainOf(response)).toBe(15);
  expect(CallResponse.decode(response).session).toBe(one.session);
  expect(plainOf(await call(balance(two)))).toBe(10);
  expect((await failureOf(call(balance({ ...two, id: 2 ** 41 })))).reason).toBe("OBJECT_NOT_FOUND");
  const wrong = await failureOf(call(balance({ ...one, session: `${one.session}x` })));
  expect([wrong.status.code, wrong.reason]).toEqual([Status.NOT_FOUND, "SESSION_LOST"]);
});

test("each call renews the session, a long one holds it, and its objects go when none names it", async () => {
  const one = await account();
  for (let count = 0; count < 3; count++) {
    await sleep(GRACE_MS * 0.6);
    expect(plainOf(await call(balance(one)))).toBe(10);
  }
  const seconds = (GRACE_MS * 2) / 1000;
  expect(plainOf(await call({ function: "sleep", args: [int(seconds)], session: one.session }))).toBe(
    seconds,
  );
  expect(plainOf(await call(balance(one)))).toBe(10);
  await sleep(GRACE_MS + 500);
  expect((await failureOf(call(balance(one)))).reason).toBe("SESSION_LOST");
});

test("large results of a session come whole, those beyond the limit end typed", async () => {
  const { session } = await account();
  const blob = (size: number) => call({ function: "blob", args: [int(size)], session });
  const sizes = [10, 65_000, 70_000, 3_000_000];
  const bodies = await Promise.all(sizes.map(blob));
  expect(bodies.map((body) => (plainOf(body) as Buffer).length)).toEqual(sizes);
  expect((await failureOf(blob(5_000_000))).reason).toBe("RESULT_TOO_LARGE");
  expect(plainOf(await blob(3)) as Buffer).toHaveLength(3);
});

test("a streamed call runs in the session, large items too", async () => {
  const { session } = await account();
  const request = encodeRequest({ function: "blobs", args: [int(100_000), int(30)], session });
  const stream: ClientReadableStream<Buffer> = pod.stream(request);
  const sizes: number[] = [];
  for await (const item of stream) sizes.push((itemOf(item) as Buffer).length);
  expect(sizes).toEqual(Array.from({ length: 30 }, () => 100_000));
});

test("a call of a session keeps its deadline", async () => {
  const one = await account();
  const late = await failureOf(call({ function: "sleep", args: [int(60)], session: one.session }, 300));
  expect(late.status.code).toBe(Status.DEADLINE_EXCEEDED);
  expect(plainOf(await call(balance(one)))).toBe(10);
});

test("such a session may be opened as a stream, and then has its objects", async () => {
  const one = await account();
  const stream = new RawSession(pod.address, { token: one.session, resumable: true });
  const read = stream.call({ operation: 1, function: "balance", target: object(one.id) });
  expect(plainOf(await read.answer)).toBe(10);
  expect(plainOf(await call(balance(one)))).toBe(10);
  stream.send({ kind: "close" });
  expect(await stream.end()).toEqual([Status.OK, undefined]);
  expect((await failureOf(call(balance(one)))).reason).toBe("SESSION_LOST");
  stream.close();
});
