import { Duplex } from "node:stream";
import { type ClientDuplexStream, Metadata, type ServerDuplexStream } from "@grpc/grpc-js";
import { internal } from "./internals.ts";

/** Between messages: StreamDecoder's ReadState. */
const NO_DATA = 0;
const READING_SIZE = 1;
const PREFIX_BYTES = 5;
/** A call is a chain of calls; its last link has the HTTP/2 stream. */
const LINKS = ["call", "nextCall", "child"] as const;

/**
 * The bytes of two gRPC streams from now on, below their messages, so that they can be passed on without being put together. What
 * was read of the client's messages is read again, beginning with `first`; to the pod nothing must have been written. Whoever takes them
 * pauses and ends them; statuses, deadlines and cancellation stay with grpc-js. "later": `client` has no HTTP/2 stream yet; "never": the
 * messages are compressed, or a stream has ended. Nothing has changed then.
 */
export function takeBytes(
  server: ServerDuplexStream<Buffer, Buffer>,
  client: ClientDuplexStream<Buffer, Buffer>,
  first: Buffer,
): { readonly server: Duplex; readonly client: Duplex } | "later" | "never" {
  const from = internal(server, "call");
  const serverStream = streamOf(from, "stream");
  if (Reflect.get(from, "incomingEncoding") !== "identity" || isOver(serverStream)) return "never";
  const to = lastLink(client);
  if (to === undefined) return "later";
  const clientStream = streamOf(to, "http2Stream");
  if (isOver(clientStream)) return "never";
  const pending = pendingBytes(server, from, first);
  redirect(from, serverStream);
  redirect(to, clientStream);
  serverStream.unshift(pending);
  return { server: serverStream, client: clientStream };
}

/** Before the first bytes to a client that are no message. */
export function beginBytes(server: ServerDuplexStream<Buffer, Buffer>): void {
  server.sendMetadata(new Metadata());
}

function lastLink(client: object): object | undefined {
  let link = client;
  for (;;) {
    if ("http2Stream" in link) return link;
    const next = LINKS.map((name): unknown => Reflect.get(link, name)).find((found) => isObject(found));
    const attempt = next ?? onlyAttempt(link);
    if (!isObject(attempt)) return undefined;
    link = attempt;
  }
}

/** Of a call that grpc-js could have tried again. */
function onlyAttempt(call: object): unknown {
  const attempts: unknown = Reflect.get(call, "underlyingCalls");
  return Array.isArray(attempts) && attempts.length === 1 ? attempts[0] : undefined;
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}

function streamOf(owner: object, name: string): Duplex {
  const stream = internal(owner, name);
  if (!(stream instanceof Duplex)) throw new Error(`"${name}" of @grpc/grpc-js is not a stream`);
  return stream;
}

function isOver(stream: Duplex): boolean {
  return stream.destroyed || stream.readableEnded || stream.writableEnded;
}

/** What grpc-js has read of the client's messages and nobody has seen, as it came. */
function pendingBytes(server: ServerDuplexStream<Buffer, Buffer>, call: object, first: Buffer): Buffer {
  const parts: Buffer[] = [];
  for (let message: unknown = first; Buffer.isBuffer(message); message = server.read()) {
    const prefix = Buffer.alloc(PREFIX_BYTES);
    prefix.writeUInt32BE(message.length, 1);
    parts.push(prefix, message);
  }
  const queue = internal(call, "readQueue");
  if (!Array.isArray(queue)) throw new Error('"readQueue" of @grpc/grpc-js is not a list');
  for (const entry of queue.splice(0)) parts.push(bufferOf(entry, "compressedMessage"));
  const decoder = internal(call, "decoder");
  const state: unknown = Reflect.get(decoder, "readState");
  if (state !== NO_DATA) {
    const missing = state === READING_SIZE ? Number(Reflect.get(decoder, "readSizeRemaining")) : 0;
    const size = bufferOf(decoder, "readPartialSize");
    parts.push(bufferOf(decoder, "readCompressFlag"), size.subarray(0, size.length - missing));
    const begun: unknown = Reflect.get(decoder, "readPartialMessage");
    if (Array.isArray(begun)) for (const part of begun) if (Buffer.isBuffer(part)) parts.push(part);
  }
  return Buffer.concat(parts);
}

function bufferOf(owner: object, name: string): Buffer {
  const bytes = internal(owner, name);
  if (!Buffer.isBuffer(bytes)) throw new Error(`"${name}" of @grpc/grpc-js is not a buffer`);
  return bytes;
}

/** grpc-js sees no bytes of the stream any more, only how it ends. */
function redirect(call: object, stream: Duplex): void {
  internal(call, "decoder");
  Reflect.set(call, "decoder", { readState: NO_DATA, write: () => [] });
  stream.removeAllListeners("data");
  stream.pause();
}
