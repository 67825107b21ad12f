import { setTimeout as sleep } from "node:timers/promises";
import { Client, type ClientDuplexStream, credentials, Metadata, type ServiceError } from "@grpc/grpc-js";
import { createServer, type RawHandlers, Status, statusError, toServiceError } from "@podule/grpc";
import fc from "fast-check";
import { afterEach, expect, test } from "vitest";
import { pipeStreams } from "./pipe-streams.ts";

const PATH = "/test.Test/Pipe";
const GZIP = 2;
const identity = (bytes: Buffer) => bytes;
const open: { close(): unknown }[] = [];

afterEach(async () => {
  for (const one of open.splice(0).reverse()) await one.close();
});

async function serve(handler: RawHandlers["bidi"]): Promise<string> {
  const server = createServer();
  open.push(server);
  server.addRaw(PATH, "bidi", handler);
  return server.listen("127.0.0.1:0");
}

function dial(address: string, options = {}): Client {
  const client = new Client(address, credentials.createInsecure(), {
    "grpc.use_local_subchannel_pool": 1,
    "grpc.enable_retries": 0,
    ...options,
  });
  open.push(client);
  return client;
}

const start = (client: Client): ClientDuplexStream<Buffer, Buffer> =>
  client.makeBidiStreamRequest(PATH, identity, identity, new Metadata());

/** A server that pipes each stream to `address`, a while after its first message. */
function piping(address: string, waitMs: () => number): Promise<string> {
  return serve((call) => {
    call.once("data", (first: Buffer) => {
      call.pause();
      void sleep(waitMs()).then(() => {
        const upstream = start(dial(address));
        let failed: ServiceError | undefined;
        upstream.on("error", (error: ServiceError) => {
          failed = error;
        });
        call.on("cancelled", () => upstream.cancel());
        pipeStreams(call, upstream, first, {
          podEnded: () => (failed === undefined ? call.end() : call.emit("error", failed)),
          clientEnded: () => upstream.end(),
        });
      });
    });
  });
}

/** Sends all messages, a pause after some, and ends. */
async function exchange(
  stream: ClientDuplexStream<Buffer, Buffer>,
  messages: readonly Buffer[],
  pauses: boolean,
) {
  const received: Buffer[] = [];
  stream.on("data", (message: Buffer) => received.push(message));
  const status = new Promise<ServiceError | undefined>((resolve) => {
    stream.on("error", resolve);
    stream.on("status", ({ code }: { code: number }) => code === Status.OK && resolve(undefined));
  });
  for (const [n, message] of messages.entries()) {
    stream.write(message);
    if (pauses && n % 3 === 0) await sleep(1);
  }
  stream.end();
  return { error: await status, received: Buffer.concat(received), count: received.length };
}

test.each([
  ["as bytes", {}],
  ["compressed", { "grpc.default_compression_algorithm": GZIP }],
])("every message arrives once, in order, both ways: %s", async (_name, options) => {
  const echo = await serve((call) => {
    call.on("data", (message: Buffer) => call.write(message)).on("end", () => call.end());
  });
  let wait = 0;
  const client = dial(await piping(echo, () => wait), options);
  const sizes = fc.array(fc.oneof(fc.nat(40), fc.integer({ min: 0, max: 300_000 })), {
    minLength: 1,
    maxLength: 12,
  });
  await fc.assert(
    fc.asyncProperty(sizes, fc.nat(10), fc.boolean(), async (lengths, waitMs, pauses) => {
      wait = waitMs;
      const messages = lengths.map((length, n) => Buffer.alloc(length, n + 1));
      const { error, received, count } = await exchange(start(client), messages, pauses);
      expect(error).toBeUndefined();
      expect(count).toBe(messages.length);
      expect(received.equals(Buffer.concat(messages))).toBe(true);
    }),
    { numRuns: 40 },
  );
});

test("an error comes with its details, behind all that was said before it", async () => {
  const failing = await serve((call) => {
    call.once("data", () => {
      for (let n = 0; n < 40; n++) call.write(Buffer.alloc(50_000, n));
      call.emit("error", toServiceError(statusError(Status.ABORTED, "DONE", "that was all")));
    });
  });
  const stream = start(dial(await piping(failing, () => 0)));
  let bytes = 0;
  stream.on("data", (message: Buffer) => {
    bytes += message.length;
  });
  const error = await new Promise<ServiceError>((resolve) => {
    stream.on("error", resolve);
    stream.write(Buffer.of(1));
  });
  expect([error.code, error.details, bytes]).toEqual([Status.ABORTED, "that was all", 40 * 50_000]);
  expect(error.metadata.get("grpc-status-details-bin")).toHaveLength(1);
});

test("a client that goes away while it reads nothing leaves nothing behind", async () => {
  let ended = 0;
  const endless = await serve((call) => {
    const write = (): void => {
      if (!call.cancelled) call.write(Buffer.alloc(100_000), write);
    };
    call.on("cancelled", () => ended++);
    call.once("data", write);
  });
  const stream = start(dial(await piping(endless, () => 0)));
  stream.on("error", () => undefined);
  stream.write(Buffer.of(1));
  await sleep(300);
  stream.cancel();
  await expect.poll(() => ended, { timeout: 10_000 }).toBe(1);
});
