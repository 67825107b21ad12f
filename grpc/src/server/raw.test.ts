import type { Readable, Writable } from "node:stream";
import { ChannelCredentials, Client, type ServiceError } from "@grpc/grpc-js";
import { Status as StatusMessage } from "@podule/proto/google/rpc/status.ts";
import { expect, onTestFinished, test } from "vitest";
import { createServer, type RpcStatus, reasonOf, Status, statusError, toServiceError } from "../index.ts";
import type { RawKind } from "./raw.ts";

const KINDS: RawKind[] = ["unary", "serverStream", "clientStream", "bidi"];
const bytes = (message: Buffer) => message;

/** A client that sends "a" and "b" (or "ab" at once) and resolves to all that comes back, whatever the kind. */
async function call(address: string, kind: RawKind): Promise<string | RpcStatus> {
  const client = new Client(address, ChannelCredentials.createInsecure(), {
    "grpc.use_local_subchannel_pool": 1,
  });
  onTestFinished(() => client.close());
  const path = `/raw.Service/${kind}`;
  return new Promise((resolve) => {
    const done = (error: ServiceError | null, response?: Buffer) =>
      resolve(error ? statusOf(error) : String(response));
    const gather = (stream: Readable) => {
      let all = "";
      stream.on("data", (message: Buffer) => (all += message.toString()));
      stream.on("end", () => resolve(all));
      stream.on("error", (error: ServiceError) => resolve(statusOf(error)));
    };
    const sendTwo = (stream: Writable) => {
      stream.write(Buffer.from("a"));
      stream.write(Buffer.from("b"));
      stream.end();
    };
    if (kind === "unary") client.makeUnaryRequest(path, bytes, bytes, Buffer.from("ab"), done);
    if (kind === "serverStream")
      gather(client.makeServerStreamRequest(path, bytes, bytes, Buffer.from("ab")));
    if (kind === "clientStream") sendTwo(client.makeClientStreamRequest(path, bytes, bytes, done));
    if (kind === "bidi") {
      const stream = client.makeBidiStreamRequest(path, bytes, bytes);
      gather(stream);
      sendTwo(stream);
    }
  });
}

function statusOf(error: ServiceError): RpcStatus {
  const [packed] = error.metadata.get("grpc-status-details-bin");
  return StatusMessage.decode(Buffer.from(packed ?? ""));
}

async function serve() {
  const server = createServer();
  onTestFinished(() => server.close());
  return { server, address: await server.listen("127.0.0.1:0") };
}

test("all four kinds pass bytes through", async () => {
  const { server, address } = await serve();
  server.addRaw("/raw.Service/unary", "unary", (call_, done) => done(null, call_.request));
  server.addRaw("/raw.Service/serverStream", "serverStream", (call_) => {
    for (const byte of call_.request) call_.write(Buffer.from([byte]));
    call_.end();
  });
  server.addRaw("/raw.Service/clientStream", "clientStream", (call_, done) => {
    const parts: Buffer[] = [];
    call_.on("data", (part: Buffer) => parts.push(part)).on("end", () => done(null, Buffer.concat(parts)));
  });
  server.addRaw("/raw.Service/bidi", "bidi", (call_) => {
    call_.on("data", (part: Buffer) => call_.write(part)).on("end", () => call_.end());
  });
  for (const kind of KINDS) expect(await call(address, kind), kind).toBe("ab");
  server.remove("/raw.Service/unary");
  expect(await call(address, "unary")).toMatchObject({ code: Status.UNIMPLEMENTED });
  expect(await call(address, "bidi")).toBe("ab");
});

test("what a handler throws, or answers, is typed", async () => {
  const { server, address } = await serve();
  const fail = () => {
    throw statusError(Status.ABORTED, "THROWN", "thrown");
  };
  server.addRaw("/raw.Service/unary", "unary", (_call, done) => {
    done(toServiceError(statusError(Status.DATA_LOSS, "ANSWERED", "answered")));
  });
  server.addRaw("/raw.Service/serverStream", "serverStream", fail);
  server.addRaw("/raw.Service/clientStream", "clientStream", fail);
  server.addRaw("/raw.Service/bidi", "bidi", fail);
  const reasons = [];
  for (const kind of KINDS) {
    const answer = await call(address, kind);
    reasons.push(typeof answer === "string" ? answer : reasonOf(answer));
  }
  expect(reasons).toEqual(["ANSWERED", "THROWN", "THROWN", "THROWN"]);
});
