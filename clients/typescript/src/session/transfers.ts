import { piecesOf, type Writer, type Written } from "../wire/writer.ts";
import { CHUNK_BYTES } from "./limits.ts";

/** A body on its way in chunks, ahead of its frame. */
export interface Transfer {
  readonly id: number;
  readonly callback: boolean;
  readonly body: Written;
  /** Called before the first byte leaves. */
  readonly start: () => void;
  /** Asked before the first byte leaves: nobody wants it any more. */
  readonly dropped: () => boolean;
  /** All chunks have left: now the frame; or none of them, as nobody wants it. */
  readonly done: (skipped: boolean) => void;
}

/** Sends one chunk, whose data is not copied; false: not now. `sent` is called when the next may follow. */
export type SendChunk = (make: (writer: Writer) => void, size: number, sent: () => void) => boolean;

/** Bodies leave one behind the other, a chunk at a time, with whatever else there is to say between the chunks. */
export class Transfers {
  readonly #queue: Transfer[] = [];
  readonly #send: SendChunk;
  #offset = 0;
  /** A chunk has been given to the stream that has not passed it on. */
  #busy = false;

  constructor(send: SendChunk) {
    this.#send = send;
  }

  get active(): boolean {
    return this.#queue.length > 0;
  }

  add(transfer: Transfer): void {
    this.#queue.push(transfer);
    // As with all frames: at the end of the turn.
    setImmediate(() => this.pump());
  }

  /** Something may have made room. */
  pump(): void {
    for (;;) {
      const transfer = this.#queue[0];
      if (transfer === undefined || this.#busy) return;
      if (this.#offset === 0 && transfer.dropped()) {
        this.#queue.shift();
        transfer.done(true);
        continue;
      }
      if (this.#offset === 0) transfer.start();
      const size = Math.min(CHUNK_BYTES, transfer.body.size - this.#offset);
      const make = (writer: Writer): void => writeChunk(writer, transfer, this.#offset, size);
      this.#busy = true;
      const sent = this.#send(make, size, () => {
        this.#busy = false;
        this.pump();
      });
      if (!sent) {
        this.#busy = false;
        return;
      }
      this.#offset += size;
      if (this.#offset < transfer.body.size) continue;
      this.#queue.shift();
      this.#offset = 0;
      transfer.done(false);
    }
  }

  /** The stream broke: what it had been given is sent again by others. */
  reset(): void {
    this.#busy = false;
  }

  clear(): void {
    this.#queue.length = 0;
    this.#offset = 0;
    this.#busy = false;
  }
}

function writeChunk(writer: Writer, { id, callback, body }: Transfer, offset: number, size: number): void {
  writer.tag(0x0a);
  const frame = writer.begin();
  writer.tag(0x2a);
  const chunk = writer.begin();
  writer.tag(0x08);
  writer.varint(id);
  writer.tag(0x18);
  writer.varint(body.size);
  if (callback) {
    writer.tag(0x20);
    writer.varint(1);
  }
  writer.tag(0x12);
  writer.varint(size);
  let missing = size;
  for (const bytes of piecesWithin(body, offset, size)) {
    writer.externals.push({ at: writer.pos, bytes });
    missing -= bytes.length;
  }
  // An array that was transferred meanwhile has no bytes; their place must not be taken by what follows.
  if (missing > 0) writer.externals.push({ at: writer.pos, bytes: Buffer.alloc(missing) });
  writer.end(chunk);
  writer.end(frame);
}

/** body[offset..offset+size], where it is. */
export function piecesWithin(body: Written, offset: number, size: number): Uint8Array[] {
  const found: Uint8Array[] = [];
  let position = 0;
  for (const piece of piecesOf(body)) {
    const from = Math.max(offset - position, 0);
    const to = Math.min(offset + size - position, piece.length);
    if (from < to) found.push(piece.subarray(from, to));
    position += piece.length;
  }
  return found;
}
