import { once } from "node:events";
import { connect } from "node:http2";
import { expect, test } from "vitest";
import { createServer } from "../server/server.ts";

test("a client may send a mebibyte on one stream, and more on all streams together, before anything is read", async () => {
  const server = createServer();
  server.addRaw("/test.Test/Silent", "bidi", () => {});
  const address = await server.listen("127.0.0.1:0");
  const session = connect(`http://${address}`);
  try {
    await once(session, "remoteSettings");
    expect(session.remoteSettings.initialWindowSize).toBe(1024 * 1024);
    const headers = { ":method": "POST", ":path": "/test.Test/Silent", "content-type": "application/grpc" };
    const streams = [0, 1].map(() => session.request({ ...headers, te: "trailers" }));
    // One message of 800,000 bytes each: beyond the 64 KiB that HTTP/2 begins with.
    const message = Buffer.concat([Buffer.of(0, 0, 0x0c, 0x35, 0), Buffer.alloc(800_000)]);
    await Promise.all(streams.map((stream) => new Promise((resolve) => stream.write(message, resolve))));
    await expect.poll(() => session.state.remoteWindowSize ?? 0, { timeout: 5000 }).toBeGreaterThan(65_535);
  } finally {
    session.destroy();
    await server.close();
  }
});
