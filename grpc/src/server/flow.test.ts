import { setTimeout as sleep } from "node:timers/promises";
import { ChannelCredentials, Client } from "@grpc/grpc-js";
import { expect, onTestFinished, test, vi } from "vitest";
import { connectText, serveText } from "../../testing/text-service.ts";
import { createServer } from "../index.ts";

const MIB = 1024 * 1024;

test("an endless stream waits for its reader, and ends with it", async () => {
  let made = 0;
  const ended = vi.fn();
  const { address } = await serveText({
    async *many() {
      try {
        for (;;) {
          made += 1;
          yield { text: "x".repeat(64 * 1024) };
        }
      } finally {
        ended();
      }
    },
  });
  const items = connectText(address).many({ text: "" })[Symbol.asyncIterator]();
  await items.next();
  let before: number;
  do {
    before = made;
    await sleep(300);
  } while (made > before);
  // What fits the windows of HTTP/2 and the buffers on both sides.
  expect(made).toBeLessThan(400);
  await items.next();
  await items.return?.();
  await vi.waitFor(() => expect(ended).toHaveBeenCalledOnce());
});

test.each(["typed", "raw"])("messages that are not read stay with the sender (%s)", async (how) => {
  const stop = Promise.withResolvers<void>();
  let waiting = (): number => 0;
  const server = createServer();
  onTestFinished(() => server.close());
  let address: string;
  if (how === "raw") {
    server.addRaw("/test.v1.Text/Each", "bidi", (call) => {
      call.pause();
      call.on("readable", () => {});
      waiting = () => call.readableLength;
    });
    address = await server.listen("127.0.0.1:0");
  } else {
    ({ address } = await serveText({
      async *each(requests) {
        for await (const _ of requests) await stop.promise;
        yield* [];
      },
    }));
  }
  const client = new Client(address, ChannelCredentials.createInsecure(), {
    "grpc.max_send_message_length": -1,
    "grpc.use_local_subchannel_pool": 1,
  });
  onTestFinished(() => client.close());
  const bytes = (message: Buffer) => message;
  const call = client.makeBidiStreamRequest("/test.v1.Text/Each", bytes, bytes);
  call.on("error", () => {});
  let sent = 0;
  for (let i = 0; i < 24; i += 1) call.write(Buffer.alloc(4 * MIB), () => (sent += 1));
  await sleep(1500);
  // One with the handler, one ready for it, one on its way; not grpc-js's 16 and more.
  expect(sent).toBeLessThanOrEqual(5);
  expect(waiting()).toBeLessThanOrEqual(1);
  call.cancel();
  stop.resolve();
});

test("a stream whose client does not read still ends at its deadline", async () => {
  const ended = vi.fn();
  const { address } = await serveText({
    async *many(_request, { signal }) {
      try {
        while (!signal.aborted) yield { text: "x".repeat(MIB) };
      } finally {
        ended();
      }
    },
  });
  const client = new Client(address, ChannelCredentials.createInsecure());
  onTestFinished(() => client.close());
  const bytes = (message: Buffer) => message;
  const call = client.makeServerStreamRequest("/test.v1.Text/Many", bytes, bytes, Buffer.alloc(0), {
    deadline: Date.now() + 500,
  });
  call.on("error", () => {});
  call.pause();
  await vi.waitFor(() => expect(ended).toHaveBeenCalledOnce(), { timeout: 10_000 });
});
