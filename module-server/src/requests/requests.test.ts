import { randomUUID } from "node:crypto";
import { CallRequest, CallResponse, type CallRequest as Request } from "@podule/proto/podule/v1/calls.ts";
import { afterAll, beforeAll, expect, test } from "vitest";
import { eventually, failureOf, sessionCall, startPod, type TestPod } from "../../testing/pod.ts";

let pod: TestPod;
beforeAll(async () => {
  pod = await startPod({ env: { PODULE_WORKERS: "2", PODULE_SESSION_GRACE_MS: "3000" } });
});
afterAll(async () => await pod[Symbol.asyncDispose]());

type Fields = Partial<Omit<Request, "args">>;

function encode(name: string, args: readonly (string | number)[], fields: Fields): Buffer {
  const message = CallRequest.fromPartial({
    ...fields,
    function: name,
    args: args.map((arg) =>
      typeof arg === "string"
        ? { kind: { $case: "str" as const, value: arg } }
        : { kind: { $case: "float" as const, value: arg } },
    ),
  });
  return Buffer.from(CallRequest.encode(message).finish());
}

const lines = (name: string) => pod.read(name)?.trim().split("\n").length ?? 0;
const append = (name: string, requestId: string, fields: Fields = {}) =>
  encode("append", [pod.file(name), "line"], { requestId, ...fields });

test("the same id twice runs once, and both are answered, on whichever way they come", async () => {
  const requestId = randomUUID();
  const session = pod.session();
  await session.opened;
  const request = append("twice", requestId);
  const answers = await Promise.all([
    ...[1, 2, 3].map(() => pod.call(request)),
    ...[1, 2, 3].map(() => sessionCall(session, request)),
  ]);
  expect(answers).toEqual(Array.from({ length: 6 }, () => "line"));
  expect(await pod.call(append("twice", requestId, { retry: true }))).toBe("line");
  expect(lines("twice")).toBe(1);
  session.destroy();
});

test("a call goes on when its caller breaks off, and the next one gets its answer", async () => {
  const requestId = randomUUID();
  const note = (fields: Fields = {}) => encode("note", [pod.file("end"), 1.5], { requestId, ...fields });
  const gone = new AbortController();
  const first = failureOf(pod.call(note(), { signal: gone.signal }));
  const session = pod.session();
  await session.opened;
  const second = failureOf(sessionCall(session, note()));
  await new Promise((resolve) => setTimeout(resolve, 300));
  gone.abort();
  session.destroy();
  expect((await first).status.code).toBe(1);
  await second;
  expect(await pod.call(note({ retry: true }))).toBeUndefined();
  // It was not interrupted.
  expect(pod.read("end")).toBeUndefined();
});

test("an error is an answer too; a call that nobody waits for any more is ended", async () => {
  const requestId = randomUUID();
  const fail = encode("fail", ["once"], { requestId });
  const [one, two] = [await failureOf(pod.call(fail)), await failureOf(pod.call(fail))];
  expect(one.message).toContain("once");
  expect(two.message).toBe(one.message);

  const gone = new AbortController();
  const note = encode("note", [pod.file("left"), 60], { requestId: randomUUID() });
  const left = failureOf(pod.call(note, { signal: gone.signal }));
  setTimeout(() => gone.abort(), 200);
  await left;
  expect(await eventually(() => pod.read("left") || undefined, "the end of the call")).toContain("Cancelled");
});

test("a deadline ends the waiting of its own caller", async () => {
  const requestId = randomUUID();
  const sleep = encode("sleep", [2], { requestId });
  const session = pod.session();
  await session.opened;
  const patient = sessionCall(session, sleep);
  const hasty = await failureOf(sessionCall(session, sleep, 100));
  expect(hasty.reason).toBe("DEADLINE_EXCEEDED");
  expect(await patient).toBe(2);
  session.destroy();
});

test("objects: who asks again gets the same session and the same object", async () => {
  const session = pod.session();
  await session.opened;
  const request = encode("Account", [10], { requestId: randomUUID(), resultMode: 2 });
  const ask = () =>
    new Promise<CallResponse>((resolve, reject) => {
      session.call(request, {}, (error, response) =>
        error === undefined ? resolve(CallResponse.decode(response ?? Buffer.alloc(0))) : reject(error),
      );
    });
  const [one, two] = await Promise.all([ask(), ask()]);
  expect(one.session).not.toBe("");
  expect(two).toEqual(one);
  expect(await ask()).toEqual(one);
  session.destroy();
});

test("nothing to wait for, another function, no id of a stream", async () => {
  const requestId = randomUUID();
  const unknown = await failureOf(pod.call(append("never", requestId, { retry: true })));
  expect([unknown.reason, lines("never")]).toEqual(["REQUEST_UNKNOWN", 0]);
  await pod.call(append("once", requestId));
  expect((await failureOf(pod.call(encode("sleep", [0], { requestId })))).reason).toBe("REQUEST_ID_REUSED");
  const stream = pod.stream(encode("count_to", [3], { requestId: randomUUID() }));
  const error = await new Promise((resolve) => stream.on("error", resolve).resume());
  expect(error).toMatchObject({ code: 3 });
});
