/** Kinds of frames between the module server and Python. */
export const Kind = {
  CALL: 1,
  STREAM: 2,
  CREDIT: 3,
  CANCEL: 4,
  RECALL: 5,
  FORK: 6,
  SESSION_CALL: 7,
  SESSION_CLOSE: 8,
  RELEASE: 9,
  CHUNK: 10,
  PULL: 11,
  CALLBACK_RESULT: 12,
  CALLBACK_ERROR: 13,
  TRACE: 14,
  HELLO: 16,
  RESULT: 17,
  ITEM: 18,
  END: 19,
  ERROR: 20,
  RECALLED: 21,
  IMPORTED: 22,
  IMPORT_FAILED: 23,
  FORKED: 24,
  EXITED: 25,
  CHUNKED: 26,
  CHUNK_OUT: 27,
  CALLBACK: 28,
  OBJECTS: 29,
  TIMES: 30,
} as const;

/** `u32 length of the rest | u8 kind | u32 id`, little-endian, in front of the payload. */
export const HEADER_BYTES = 9;
const HEADER_REST = HEADER_BYTES - 4;

export function writeHeader(out: Buffer, at: number, kind: number, id: number, payloadBytes: number): number {
  out.writeUInt32LE(HEADER_REST + payloadBytes, at);
  out[at + 4] = kind;
  out.writeUInt32LE(id, at + 5);
  return at + HEADER_BYTES;
}

export interface LinkFrames {
  frame(kind: number, id: number, payload: Buffer): void;
  /** The payload is larger than allowed; it was not kept. */
  oversize(kind: number, id: number, bytes: number): void;
}

/** The peer does not keep to the protocol; nothing after this can be trusted. */
export class LinkError extends Error {}

/**
 * Cuts chunks of a socket into frames. A payload that lies in one chunk is a part of it; a longer one is gathered in a buffer of
 * the declared size, allocated once.
 */
export class LinkReader {
  readonly #frames: LinkFrames;
  readonly #maxPayload: number;
  readonly #header = Buffer.alloc(HEADER_BYTES);
  #headerFilled = 0;
  #payload: Buffer | undefined;
  #payloadFilled = 0;
  #skip = 0;

  constructor(frames: LinkFrames, maxPayload: number) {
    this.#frames = frames;
    this.#maxPayload = maxPayload;
  }

  push(chunk: Buffer): void {
    let pos = 0;
    while (pos < chunk.length) {
      if (this.#skip > 0) {
        const skipped = Math.min(this.#skip, chunk.length - pos);
        this.#skip -= skipped;
        pos += skipped;
      } else if (this.#payload !== undefined) {
        pos = this.#gather(this.#payload, chunk, pos);
      } else if (this.#headerFilled === 0 && chunk.length - pos >= HEADER_BYTES) {
        pos = this.#begin(chunk, pos, chunk, pos + HEADER_BYTES);
      } else {
        const copied = chunk.copy(
          this.#header,
          this.#headerFilled,
          pos,
          pos + HEADER_BYTES - this.#headerFilled,
        );
        this.#headerFilled += copied;
        pos += copied;
        if (this.#headerFilled < HEADER_BYTES) return;
        this.#headerFilled = 0;
        pos = this.#begin(this.#header, 0, chunk, pos);
      }
    }
  }

  #begin(header: Buffer, at: number, chunk: Buffer, pos: number): number {
    const rest = header.readUInt32LE(at);
    const kind = header.readUInt8(at + 4);
    const id = header.readUInt32LE(at + 5);
    const bytes = rest - HEADER_REST;
    if (bytes < 0) throw new LinkError(`A frame with the length ${rest}`);
    if (bytes > this.#maxPayload) {
      this.#skip = bytes;
      this.#frames.oversize(kind, id, bytes);
      return pos;
    }
    if (chunk.length - pos >= bytes) {
      this.#frames.frame(kind, id, chunk.subarray(pos, pos + bytes));
      return pos + bytes;
    }
    // The header is kept to be at hand when the payload is complete.
    if (header !== this.#header) header.copy(this.#header, 0, at, at + HEADER_BYTES);
    this.#payload = Buffer.allocUnsafeSlow(bytes);
    this.#payloadFilled = 0;
    return this.#gather(this.#payload, chunk, pos);
  }

  #gather(payload: Buffer, chunk: Buffer, pos: number): number {
    const copied = chunk.copy(payload, this.#payloadFilled, pos);
    this.#payloadFilled += copied;
    if (this.#payloadFilled === payload.length) {
      this.#payload = undefined;
      this.#frames.frame(this.#header.readUInt8(4), this.#header.readUInt32LE(5), payload);
    }
    return pos + copied;
  }
}
