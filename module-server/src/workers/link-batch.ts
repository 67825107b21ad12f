import { HEADER_BYTES, writeHeader } from "./link-codec.ts";

/** Payloads of at least so many bytes are handed to the socket as they are; shorter ones are cheaper copied together. */
const OWN_CHUNK_BYTES = 16 * 1024;
const FIRST_BYTES = 4 * 1024;
const LARGEST_BYTES = 256 * 1024;

/** Gathers frames into as few chunks as is cheap. */
export class LinkBatch {
  #chunks: Buffer[] = [];
  #open = Buffer.alloc(0);
  #from = 0;
  #to = 0;
  #capacity = FIRST_BYTES;

  get empty(): boolean {
    return this.#chunks.length === 0 && this.#from === this.#to;
  }

  /** `prefix` and `body` together are the payload. */
  add(kind: number, id: number, prefix: Buffer | undefined, body: Buffer): void {
    const prefixBytes = prefix?.length ?? 0;
    const own = body.length >= OWN_CHUNK_BYTES;
    this.#reserve(HEADER_BYTES + prefixBytes + (own ? 0 : body.length));
    this.#to = writeHeader(this.#open, this.#to, kind, id, prefixBytes + body.length);
    if (prefix !== undefined) this.#to += prefix.copy(this.#open, this.#to);
    if (!own) {
      this.#to += body.copy(this.#open, this.#to);
      return;
    }
    this.#cut();
    this.#chunks.push(body);
  }

  /** What was added since the last time, in order. */
  takeAll(): Buffer[] {
    this.#cut();
    const chunks = this.#chunks;
    this.#chunks = [];
    this.#open = Buffer.alloc(0);
    this.#from = 0;
    this.#to = 0;
    return chunks;
  }

  #cut(): void {
    if (this.#to > this.#from) this.#chunks.push(this.#open.subarray(this.#from, this.#to));
    this.#from = this.#to;
  }

  #reserve(bytes: number): void {
    if (this.#open.length - this.#to >= bytes) return;
    if (this.#open.length > 0) this.#capacity = Math.min(this.#capacity * 2, LARGEST_BYTES);
    this.#cut();
    this.#open = Buffer.allocUnsafe(Math.max(bytes, this.#capacity));
    this.#from = 0;
    this.#to = 0;
  }
}
