import { setTimeout as sleep } from "node:timers/promises";
import type { ServerDuplexStream } from "@grpc/grpc-js";
import { createServer, type RpcStatus, reasonOf, rpcStatus, type Server } from "@podule/grpc";
import { Status as RpcStatusMessage } from "@podule/proto/google/rpc/status.ts";
import { Status } from "nice-grpc-common";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type ClientFrame, decodeClientFrames } from "./client-frames.ts";
import { connectSession } from "./connect-session.ts";
import { encodeServerFrames, type ServerFrame } from "./server-frames.ts";
import type { ConnectOptions, SessionClient } from "./session-client.ts";

/** The pod's end, spoken by hand. */
interface Peer {
  readonly frames: ClientFrame[];
  readonly messages: number[];
  send(...frames: ServerFrame[]): void;
  stream(): ServerDuplexStream<Buffer, Buffer>;
}

const OPENED: ServerFrame = { kind: "opened", maxInFlight: 2, token: "", received: 0, graceMs: 0 };
let server: Server;
let address: string;
let peer: Peer;

beforeEach(async () => {
  server = createServer();
  const connected: ServerDuplexStream<Buffer, Buffer>[] = [];
  const stream = () => {
    const [first] = connected;
    if (first === undefined) throw new Error("Nobody has connected");
    return first;
  };
  const at: Peer = {
    frames: [],
    messages: [],
    send: (...frames) => stream().write(encodeServerFrames(frames)),
    stream,
  };
  peer = at;
  server.addRaw("/podule.v1.Calls/Session", "bidi", (call) => {
    connected.push(call);
    call.on("error", () => {});
    call.on("data", (message: Buffer) => {
      at.messages.push(message.length);
      decodeClientFrames(message, (frame) => {
        if (frame.kind !== "unknown") at.frames.push(frame);
      });
    });
    call.on("end", () => call.end());
  });
  address = await server.listen("127.0.0.1:0");
});
afterEach(async () => await server.close());

async function until(condition: () => boolean): Promise<void> {
  for (const end = Date.now() + 10_000; !condition(); await sleep(5))
    if (Date.now() > end) throw new Error("It did not come");
}

function connect(options: Partial<ConnectOptions> = {}): SessionClient {
  return connectSession({ address, module: "m", ...options });
}

interface Answer {
  error?: RpcStatus;
  response?: Buffer;
}

function call(session: SessionClient, body = "x", timeoutMs?: number) {
  const answers: Answer[] = [];
  const handle = session.call(
    Buffer.from(body),
    timeoutMs === undefined ? {} : { timeoutMs },
    (error, response) => answers.push({ ...(error && { error }), ...(response && { response }) }),
  );
  return { answers, handle, reason: () => answers.map(({ error }) => error && reasonOf(error)) };
}

test("calls wait for `opened`, then leave in one message with what is left of their time", async () => {
  const session = connect();
  const calls = ["a", "b"].map((body) => call(session, body, 5000));
  await until(() => peer.frames.length === 1);
  await sleep(100);
  expect(peer.frames.map(({ kind }) => kind)).toEqual(["open"]);
  peer.send(OPENED);
  await session.opened;
  await until(() => peer.frames.length === 3);
  expect(peer.messages).toHaveLength(2);
  const [, sent] = peer.frames;
  expect(sent?.kind === "call" && sent.timeoutMs).toBeLessThan(4950);
  peer.send(
    { kind: "result", id: 2, body: Buffer.from("B") },
    { kind: "result", id: 1, body: Buffer.from("A") },
  );
  await until(() => session.inFlight === 0);
  expect(calls.map(({ answers }) => answers.map(({ response }) => String(response)))).toEqual([["A"], ["B"]]);
  session.close();
});

test("a call whose time is over before it could leave is never sent", async () => {
  const session = connect();
  const late = call(session, "late", 30);
  const cancelled = call(session, "cancelled");
  cancelled.handle.cancel();
  await until(() => peer.frames.length === 1);
  await sleep(100);
  peer.send(OPENED);
  await until(() => late.answers.length === 1);
  expect([...late.reason(), ...cancelled.reason()]).toEqual(["DEADLINE_EXCEEDED", "CANCELLED"]);
  await sleep(50);
  expect(peer.frames).toHaveLength(1);
  expect(session.inFlight).toBe(0);
  session.close();
});

test("refusals are typed, and never given from inside the call", async () => {
  const session = connect({ maxMessageBytes: 1000 });
  await until(() => peer.frames.length === 1);
  peer.send(OPENED);
  await session.opened;
  const large = call(session, "x".repeat(1001));
  expect(large.answers).toEqual([]);
  await sleep(0);
  expect(large.reason()).toEqual(["MESSAGE_TOO_LARGE"]);
  call(session);
  call(session);
  const third = call(session);
  await sleep(0);
  expect(third.reason()).toEqual(["TOO_MANY_CALLS"]);
  session.destroy();
  const after = call(session);
  await sleep(0);
  expect(after.reason()).toEqual(["SESSION_CLOSED"]);
});

test("requests that wait are bounded in bytes", async () => {
  const session = connect({ maxMessageBytes: 1000 });
  const calls = Array.from({ length: 5 }, () => call(session, "x".repeat(900)));
  await sleep(0);
  expect(calls.map(({ reason }) => reason())).toEqual([[], [], [], [], ["SESSION_CONGESTED"]]);
  session.destroy();
});

test("a cancelled call is told to the pod and answered once; its late result is dropped", async () => {
  const session = connect();
  await until(() => peer.frames.length === 1);
  peer.send(OPENED);
  await session.opened;
  const one = call(session);
  await until(() => peer.frames.length === 2);
  one.handle.cancel();
  one.handle.cancel();
  await until(() => peer.frames.length === 3);
  expect(peer.frames[2]).toEqual({ kind: "cancel", id: 1 });
  expect(session.inFlight).toBe(1);
  peer.send(
    { kind: "result", id: 1, body: Buffer.from("late") },
    { kind: "result", id: 9, body: Buffer.from("?") },
  );
  await until(() => session.inFlight === 0);
  expect(one.reason()).toEqual(["CANCELLED"]);
  session.close();
});

test("an error of the session ends it: calls are told, then the owner", async () => {
  const order: string[] = [];
  const session = connect({ onClosed: (cause) => order.push(`closed: ${cause?.message}`) });
  await until(() => peer.frames.length === 1);
  peer.send(OPENED);
  await session.opened;
  session.call(Buffer.from("x"), {}, (error) =>
    order.push(`call: ${error === undefined ? "" : reasonOf(error)}`),
  );
  await until(() => peer.frames.length === 2);
  const status = RpcStatusMessage.encode(rpcStatus(Status.UNAVAILABLE, "WHY", "the reason")).finish();
  peer.send({ kind: "error", id: 0, body: Buffer.from(status) });
  await until(() => order.length === 2);
  expect(order).toEqual(["call: SESSION_LOST", "closed: the reason"]);
});

test("bytes that are no message end the session with a typed error", async () => {
  const closed = Promise.withResolvers<RpcStatus | undefined>();
  const session = connect({ onClosed: closed.resolve });
  await until(() => peer.frames.length === 1);
  peer.stream().write(Buffer.from("0aff", "hex"));
  const cause = await closed.promise;
  expect(cause && reasonOf(cause)).toBe("MALFORMED_MESSAGE");
  await expect(session.opened).rejects.toThrow(/Malformed/);
});

test("draining: the owner is told, running calls end, and the pod's end of the stream is no error", async () => {
  let graceMs = 0;
  const closed = Promise.withResolvers<RpcStatus | undefined>();
  const session = connect({ onDraining: (ms) => (graceMs = ms), onClosed: closed.resolve });
  await until(() => peer.frames.length === 1);
  peer.send(OPENED);
  await session.opened;
  const running = call(session);
  await until(() => peer.frames.length === 2);
  peer.send({ kind: "draining", graceMs: 77 });
  await until(() => graceMs === 77);
  const refused = call(session);
  await sleep(0);
  expect(refused.reason()).toEqual(["DRAINING"]);
  peer.send({ kind: "result", id: 1, body: Buffer.from("done") });
  peer.stream().end();
  expect(await closed.promise).toBeUndefined();
  expect(running.answers.map(({ response }) => String(response))).toEqual(["done"]);
});

test("items and credit of a stream", async () => {
  const session = connect();
  await until(() => peer.frames.length === 1);
  peer.send(OPENED);
  await session.opened;
  const got: string[] = [];
  const stream = session.stream(
    Buffer.from("x"),
    { credit: 1 },
    {
      item: (item) => got.push(String(item)),
      end: () => got.push("end"),
      error: (status) => got.push(status.message),
    },
  );
  await until(() => peer.frames.length === 2);
  expect(peer.frames[1]).toMatchObject({ kind: "call", stream: true, credit: 1 });
  peer.send({ kind: "item", id: 1, body: Buffer.from("one") });
  await until(() => got.length === 1);
  stream.credit(5);
  await until(() => peer.frames.length === 3);
  expect(peer.frames[2]).toEqual({ kind: "credit", id: 1, items: 5 });
  peer.send({ kind: "item", id: 1, body: Buffer.from("two") }, { kind: "end", id: 1 });
  await until(() => got.length === 3);
  expect(got).toEqual(["one", "two", "end"]);
  session.close();
});
