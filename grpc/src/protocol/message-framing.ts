import { Status } from "nice-grpc-common";

/** A flag (1: compressed) and a big-endian u32 length. */
const PREFIX_BYTES = 5;

export interface FramingProblem {
  readonly code: Status;
  readonly details: string;
}

/** The message as it is sent, uncompressed. */
export function framed(message: Buffer): Buffer {
  const bytes = Buffer.allocUnsafe(PREFIX_BYTES + message.length);
  bytes[0] = 0;
  bytes.writeUInt32BE(message.length, 1);
  message.copy(bytes, PREFIX_BYTES);
  return bytes;
}

/** The one uncompressed message that a stream has to bring, put together in memory allocated once. */
export class SingleMessage {
  readonly #maxBytes: number;
  readonly #prefix = Buffer.alloc(PREFIX_BYTES);
  #prefixFilled = 0;
  #message: Buffer | undefined;
  #filled = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** Takes what has come; says what is wrong with it. */
  push(chunk: Buffer): FramingProblem | undefined {
    let pos = 0;
    if (this.#message === undefined) {
      pos = chunk.copy(this.#prefix, this.#prefixFilled);
      this.#prefixFilled += pos;
      if (this.#prefixFilled < PREFIX_BYTES) return undefined;
      const length = this.#prefix.readUInt32BE(1);
      if (length > this.#maxBytes) {
        const details = `Received message larger than max (${length} vs ${this.#maxBytes})`;
        return { code: Status.RESOURCE_EXHAUSTED, details };
      }
      if (this.#prefix[0] !== 0) {
        const details = "A message is marked as compressed, but the request names no grpc-encoding";
        return { code: Status.INTERNAL, details };
      }
      this.#message = Buffer.allocUnsafe(length);
    }
    const copied = chunk.copy(this.#message, this.#filled, pos);
    this.#filled += copied;
    if (pos + copied === chunk.length) return undefined;
    return { code: Status.UNIMPLEMENTED, details: "Received a second request message for a unary method" };
  }

  /** The stream has ended: the message. */
  end(): Buffer | FramingProblem {
    const message = this.#message;
    if (message !== undefined && this.#filled === message.length) return message;
    return this.#prefixFilled === 0
      ? { code: Status.UNIMPLEMENTED, details: "Received no request message for a unary method" }
      : { code: Status.INTERNAL, details: "The request ended in the middle of a message" };
  }
}
