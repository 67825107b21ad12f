import { type ClientHttp2Session, connect } from "node:http2";
import { setTimeout as sleep } from "node:timers/promises";
import { gzipSync } from "node:zlib";
import { Metadata, type ServerUnaryCall } from "@grpc/grpc-js";
import fc from "fast-check";
import { afterEach, expect, test } from "vitest";
import {
  createServer,
  type RawHandlers,
  type Server,
  Status,
  statusError,
  toServiceError,
} from "../index.ts";
import { framed } from "./message-framing.ts";

const PATH = "/test.v1.Direct/Call";
const LIMIT = 100_000;
let server: Server;
let session: ClientHttp2Session;

afterEach(async () => {
  session.destroy();
  await server.close();
});

async function serve(handler: RawHandlers["unary"]): Promise<void> {
  server = createServer({ maxMessageBytes: LIMIT });
  server.addRaw(PATH, "unary", handler);
  session = connect(`http://${await server.listen("127.0.0.1:0")}`);
  session.on("error", () => undefined);
}

function request(headers: Record<string, string> = {}) {
  const stream = session.request({
    ":method": "POST",
    ":path": PATH,
    "content-type": "application/grpc",
    te: "trailers",
    ...headers,
  });
  const received: Record<string, unknown> = {};
  const body: Buffer[] = [];
  stream.on("error", () => undefined);
  stream.on("response", (more) => Object.assign(received, more));
  stream.on("trailers", (more) => Object.assign(received, more));
  stream.on("data", (chunk: Buffer) => body.push(chunk));
  const answer = new Promise<{ code: number; words: string; body: Buffer; headers: Record<string, unknown> }>(
    (resolve) => {
      stream.on("close", () =>
        resolve({
          code: Number(received["grpc-status"] ?? -1),
          words: decodeURI(String(received["grpc-message"] ?? "")),
          body: Buffer.concat(body),
          headers: received,
        }),
      );
    },
  );
  return { stream, answer };
}

const send = (body: Buffer, headers: Record<string, string> = {}) => {
  const { stream, answer } = request(headers);
  stream.end(body);
  return answer;
};

test("a message is the same, however it is cut", async () => {
  await serve((call, done) => done(null, call.request));
  const sizes = fc.oneof(fc.nat(20), fc.integer({ min: 0, max: LIMIT }));
  await fc.assert(
    fc.asyncProperty(
      sizes,
      fc.array(fc.integer({ min: 1, max: 30_000 }), { maxLength: 5 }),
      async (size, cuts) => {
        const bytes = framed(Buffer.alloc(size, 7));
        const { stream, answer } = request();
        let at = 0;
        for (const cut of cuts) {
          if (at + cut >= bytes.length) break;
          await new Promise((resolve) => stream.write(bytes.subarray(at, at + cut), resolve));
          at += cut;
        }
        stream.end(bytes.subarray(at));
        const { code, body } = await answer;
        expect(code).toBe(Status.OK);
        expect(body.equals(bytes)).toBe(true);
      },
    ),
    { numRuns: 40 },
  );
});

test.each([
  ["two messages", Buffer.concat([framed(Buffer.of(1)), framed(Buffer.of(2))]), {}, Status.UNIMPLEMENTED],
  ["no message", Buffer.alloc(0), {}, Status.UNIMPLEMENTED],
  ["half a prefix", Buffer.alloc(3), {}, Status.INTERNAL],
  ["half a message", framed(Buffer.alloc(9)).subarray(0, 9), {}, Status.INTERNAL],
  ["too much", framed(Buffer.alloc(LIMIT + 1)), {}, Status.RESOURCE_EXHAUSTED],
  ["an unannounced compression", Buffer.of(1, 0, 0, 0, 1, 0), {}, Status.INTERNAL],
  ["a timeout that is none", framed(Buffer.alloc(1)), { "grpc-timeout": "soon" }, Status.INTERNAL],
])("%s: a typed status", async (_name, body, headers, expected) => {
  let calls = 0;
  await serve((_call, done) => {
    calls++;
    done(null, Buffer.alloc(0));
  });
  const { code, headers: received } = await send(body, headers);
  expect(code).toBe(expected);
  expect(received["grpc-status-details-bin"]).toBeTypeOf("string");
  expect(calls).toBe(0);
});

test("what is compressed is read, too", async () => {
  await serve((call, done) => done(null, call.request));
  const body = framed(gzipSync("hello"));
  body[0] = 1;
  const answer = await send(body, { "grpc-encoding": "gzip" });
  expect([answer.code, answer.body.toString("latin1").slice(5)]).toEqual([Status.OK, "hello"]);
});

test("metadata both ways, and what is no handler's business", async () => {
  let seen: ServerUnaryCall<Buffer, Buffer> | undefined;
  let peer = "";
  await serve((call, done) => {
    seen = call;
    peer = call.getPeer();
    const header = new Metadata();
    header.set("x-header", "h");
    call.sendMetadata(header);
    const trailer = new Metadata();
    trailer.set("x-trailer-bin", Buffer.of(1, 2));
    done(null, Buffer.of(5), trailer);
  });
  const headers = { "x-name": "value", "x-bytes-bin": "AQI,AwQ", "grpc-timeout": "5S" };
  const answer = await send(framed(Buffer.alloc(0)), headers);
  expect(answer).toMatchObject({
    code: Status.OK,
    headers: { "x-header": "h", "x-trailer-bin": "AQI", "content-type": "application/grpc+proto" },
  });
  expect(seen?.metadata.get("x-name")).toEqual(["value"]);
  expect(seen?.metadata.get("x-bytes-bin")).toEqual([Buffer.of(1, 2), Buffer.of(3, 4)]);
  expect(seen?.metadata.get("grpc-timeout")).toEqual([]);
  expect(Number(seen?.getDeadline())).toBeGreaterThan(Date.now());
  expect([seen?.getPath(), peer]).toEqual([PATH, expect.stringMatching(/^127\.0\.0\.1:\d+$/)]);
});

test("errors, answered or thrown, before and behind the header", async () => {
  const failure = statusError(Status.ABORTED, "NO_WAY", "näh");
  await serve((call, done) => {
    if (call.request[0] === 1) throw failure;
    if (call.request[0] === 2) call.sendMetadata(new Metadata());
    done(toServiceError(failure));
  });
  for (const kind of [0, 1, 2]) {
    const { code, words, headers } = await send(framed(Buffer.of(kind)));
    expect([code, words, typeof headers["grpc-status-details-bin"]]).toEqual([
      Status.ABORTED,
      "näh",
      "string",
    ]);
  }
});

test("a deadline, a client that goes away, and an answer: `cancelled` comes for the first two alone, once", async () => {
  const cancelled = new Map<number, number>();
  const count = (kind: number) => cancelled.set(kind, (cancelled.get(kind) ?? 0) + 1);
  await serve((call, done) => {
    const kind = call.request[0] ?? 0;
    call.on("cancelled", () => {
      count(kind);
      // Comes too late.
      done(null, Buffer.alloc(0));
    });
    if (kind === 3) done(null, Buffer.alloc(0));
  });
  const late = await send(framed(Buffer.of(1)), { "grpc-timeout": "50m" });
  expect([late.code, typeof late.headers["grpc-status-details-bin"]]).toEqual([
    Status.DEADLINE_EXCEEDED,
    "string",
  ]);
  const { stream, answer } = request();
  stream.end(framed(Buffer.of(2)));
  await sleep(100);
  stream.close(8);
  await answer;
  expect((await send(framed(Buffer.of(3)))).code).toBe(Status.OK);
  await expect
    .poll(() => [...cancelled].sort(), { timeout: 5000 })
    .toEqual([
      [1, 1],
      [2, 1],
    ]);
});
