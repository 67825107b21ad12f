import { connect } from "node:http2";
import { constants, gzipSync } from "node:zlib";
import { expect, onTestFinished, test, vi } from "vitest";
import { createServer, Status } from "../index.ts";

const LIMIT = 1024 * 1024;

/** A raw request to a server whose `Read` calls back with each message; resolves to the answer's status. */
async function send(body: Buffer, headers: Record<string, string> = {}) {
  const server = createServer({ maxMessageBytes: LIMIT });
  onTestFinished(() => server.close());
  const read = vi.fn();
  server.addRaw("/test.v1.Raw/Read", "clientStream", (call, callback) => {
    call.on("data", (message: Buffer) => read(message.length));
    call.on("end", () => callback(null, Buffer.alloc(0)));
  });
  const session = connect(`http://${await server.listen("127.0.0.1:0")}`);
  onTestFinished(() => session.destroy());
  const request = session.request({
    ":method": "POST",
    ":path": "/test.v1.Raw/Read",
    "content-type": "application/grpc",
    te: "trailers",
    ...headers,
  });
  request.on("error", () => {});
  request.resume();
  const answer = new Promise<{ http: number; code: number; message: string }>((resolve) => {
    let http = 0;
    const finish = (received: Record<string, unknown>) => {
      if (received["grpc-status"] === undefined && http === 200) return;
      const message = decodeURIComponent(String(received["grpc-message"] ?? ""));
      resolve({ http, code: Number(received["grpc-status"] ?? -1), message });
    };
    request.on("response", (received) => {
      http = Number(received[":status"]);
      finish(received);
    });
    request.on("trailers", finish);
  });
  request.end(body);
  return { ...(await answer), read };
}

function message(flag: number, payload: Buffer): Buffer {
  const prefix = Buffer.alloc(5);
  prefix.writeUInt8(flag, 0);
  prefix.writeUInt32BE(payload.length, 1);
  return Buffer.concat([prefix, payload]);
}

const gzip = { "grpc-encoding": "gzip" };

test("reads compressed messages up to the limit", async () => {
  const { code, read } = await send(message(1, gzipSync(Buffer.alloc(LIMIT))), gzip);
  expect(code).toBe(Status.OK);
  expect(read).toHaveBeenCalledExactlyOnceWith(LIMIT);
});

test.each(["99999999H", "2592000S", "50000M", "99999999m", "1H"])(
  "takes a deadline of %s for what it is",
  async (timeout) => {
    const { code } = await send(message(0, Buffer.from("x")), { "grpc-timeout": timeout });
    expect(code).toBe(Status.OK);
  },
);

test("refuses a compression bomb without unpacking it", async () => {
  // 256 MiB in 256 KiB.
  const bomb = message(1, gzipSync(Buffer.alloc(256 * LIMIT), { level: constants.Z_BEST_COMPRESSION }));
  const before = process.memoryUsage.rss();
  const { code, read } = await send(bomb, gzip);
  expect(code).toBe(Status.RESOURCE_EXHAUSTED);
  expect(read).not.toHaveBeenCalled();
  expect(process.memoryUsage.rss() - before).toBeLessThan(128 * LIMIT);
});

test.each<[string, Buffer, Record<string, string>, { http?: number; code?: Status }]>([
  [
    "a message larger than the limit",
    message(0, Buffer.alloc(LIMIT + 1)),
    {},
    { code: Status.RESOURCE_EXHAUSTED },
  ],
  ["a length of 4 GiB", Buffer.from([0, 255, 255, 255, 255, 1]), {}, { code: Status.RESOURCE_EXHAUSTED }],
  ["broken compression", message(1, Buffer.from("no gzip")), gzip, { code: Status.INTERNAL }],
  ["compression without an encoding", message(1, Buffer.from("x")), {}, { code: Status.INTERNAL }],
  [
    "an unknown encoding",
    message(0, Buffer.from("x")),
    { "grpc-encoding": "br" },
    { code: Status.UNIMPLEMENTED },
  ],
  ["an end within a message", message(0, Buffer.from("abc")).subarray(0, 6), {}, { code: Status.INTERNAL }],
  ["an end within a prefix", Buffer.from([0, 0]), {}, { code: Status.INTERNAL }],
  ["another method than POST", Buffer.alloc(0), { ":method": "PUT" }, { http: 405 }],
  ["another codec", Buffer.alloc(0), { "content-type": "application/grpc+json" }, { http: 415 }],
  ["something else than gRPC", Buffer.alloc(0), { "content-type": "text/html" }, { http: 415 }],
])("refuses %s", async (_what, body, headers, expected) => {
  const { http, code, read } = await send(body, headers);
  expect({ http, code }).toMatchObject(expected);
  expect(read).not.toHaveBeenCalled();
});
