import { Reader } from "../wire/reader.ts";
import type { Message } from "./message-writer.ts";

interface Kept {
  /** In one piece, where it has several frames. */
  readonly message: Message;
  readonly size: number;
  /** Frames sent before this message. */
  readonly before: number;
  readonly frames: number;
}

/** Frames that were sent and may have to be sent again: those that the other end has not said to have received. */
export class KeptFrames {
  #kept: Kept[] = [];
  #head = 0;
  #sent = 0;
  #bytes = 0;

  /** Frames sent in this session. */
  get sent(): number {
    return this.#sent;
  }

  /** Bytes not yet acknowledged. */
  get bytes(): number {
    return this.#bytes;
  }

  /** A message of so many frames, without `received`, has been sent. */
  add(message: Message, frames: number): void {
    const size = message.reduce((sum, piece) => sum + piece.length, 0);
    this.#kept.push({ message, size, before: this.#sent, frames });
    this.#sent += frames;
    this.#bytes += size;
  }

  /** The other end has received so many frames. False: it cannot have. */
  acknowledge(received: number): boolean {
    if (received > this.#sent) return false;
    for (;;) {
      const first = this.#kept[this.#head];
      if (first === undefined || first.before + first.frames > received) break;
      this.#bytes -= first.size;
      this.#head++;
    }
    if (this.#head > 32 && this.#head * 2 > this.#kept.length) {
      this.#kept = this.#kept.slice(this.#head);
      this.#head = 0;
    }
    return true;
  }

  /** The messages to send again to an end that has received so many frames. */
  *after(received: number): Generator<Message> {
    for (const { message, before } of this.#kept.slice(this.#head)) {
      yield before >= received ? message : [withoutFrames(Buffer.concat(message), received - before)];
    }
  }
}

/** What is behind the first `count` frames. */
function withoutFrames(bytes: Buffer, count: number): Buffer {
  const reader = new Reader(bytes);
  for (let i = 0; i < count; i++) reader.skipField(reader.varint());
  return bytes.subarray(reader.pos);
}
