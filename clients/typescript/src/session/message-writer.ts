import { Duplex } from "node:stream";
import type { SessionStream } from "./channel.ts";

/** A message in pieces, that need not be put together to be sent. */
export type Message = readonly Uint8Array[];

/** Of a gRPC message: a flag and its length. */
const PREFIX_BYTES = 5;
/** A call of grpc-js is a chain of calls; its last link has the HTTP/2 stream. */
const LINKS = ["call", "nextCall", "child"] as const;

/** Writes messages to one stream: through grpc-js at first, then straight into its HTTP/2 stream, which copies nothing. */
export class MessageWriter {
  readonly #stream: SessionStream;
  readonly #onDrain: () => void;
  #direct: Duplex | undefined;

  constructor(stream: SessionStream, onDrain: () => void) {
    this.#stream = stream;
    this.#onDrain = onDrain;
    stream.on("drain", onDrain);
  }

  /** The server has answered: grpc-js has passed on what it was given. */
  answered(): void {
    if (this.#direct !== undefined) return;
    this.#direct = http2StreamOf(this.#stream);
    this.#direct?.on("drain", this.#onDrain);
  }

  /** False: the stream is full, and `onDrain` follows. `sent`: it has been passed on. */
  write(message: Message, sent?: () => void): boolean {
    const direct = this.#direct;
    if (direct === undefined) return this.#stream.write(Buffer.concat(message), undefined, sent);
    const prefix = Buffer.alloc(PREFIX_BYTES);
    prefix.writeUInt32BE(
      message.reduce((size, piece) => size + piece.length, 0),
      1,
    );
    const pieces = [prefix, ...message];
    const last = pieces.pop();
    direct.cork();
    for (const piece of pieces) direct.write(piece);
    direct.write(last, sent);
    direct.uncork();
    return !direct.writableNeedDrain;
  }
}

/** Undefined in a grpc-js that is made in another way. */
function http2StreamOf(stream: SessionStream): Duplex | undefined {
  let link: object = stream;
  for (;;) {
    const found: unknown = Reflect.get(link, "http2Stream");
    if (found instanceof Duplex) return found;
    const next = LINKS.map((name): unknown => Reflect.get(link, name)).find(isObject) ?? onlyAttempt(link);
    if (!isObject(next)) return undefined;
    link = next;
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
