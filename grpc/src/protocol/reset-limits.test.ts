import { once } from "node:events";
import { connect } from "node:http2";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, onTestFinished, test } from "vitest";
import { createServer } from "../index.ts";

const HEADERS = { ":method": "POST", "content-type": "application/grpc", te: "trailers" };
const RST_CANCEL = 8;

test("5,000 cancels a second leave the other calls of the connection alive", async () => {
  const server = createServer();
  onTestFinished(() => server.close());
  server.addRaw("/test.v1.Ticks/Watch", "serverStream", (call) => {
    const timer = setInterval(() => call.write(Buffer.from("tick")), 20);
    call.on("cancelled", () => clearInterval(timer));
  });
  let cancelled = 0;
  server.addRaw("/test.v1.Ticks/Wait", "unary", (call) => {
    call.on("cancelled", () => {
      cancelled += 1;
    });
  });
  const session = connect(`http://${await server.listen("127.0.0.1:0")}`);
  onTestFinished(() => session.destroy());
  let broken: Error | undefined;
  session.on("error", (error) => {
    broken = error;
  });
  await once(session, "connect");

  const bystander = session.request({ ...HEADERS, ":path": "/test.v1.Ticks/Watch" });
  bystander.end(Buffer.alloc(5));
  let ticks = 0;
  bystander.on("data", () => {
    ticks += 1;
  });
  bystander.on("error", (error) => {
    broken = error;
  });

  // Two seconds of them: the limit of Node is 1,000 at once and 33 a second.
  for (let burst = 0; burst < 20; burst += 1) {
    for (let i = 0; i < 500; i += 1) {
      const call = session.request({ ...HEADERS, ":path": "/test.v1.Ticks/Wait" });
      call.on("error", () => {});
      call.end(Buffer.alloc(5));
      setTimeout(() => call.close(RST_CANCEL), 50);
    }
    await sleep(100);
  }
  const before = ticks;
  await sleep(200);
  expect(broken).toBeUndefined();
  expect(ticks).toBeGreaterThan(before);
  expect(cancelled).toBeGreaterThan(5000);
});
