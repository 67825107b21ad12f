import { type FieldSink, FieldSizer, FieldWriter } from "./field-sink.ts";
import { fieldSize, varintSize, WireReader, writeVarint } from "./wire.ts";

/** A frame of a later version, or none. */
export interface UnknownFrame {
  readonly kind: "unknown";
}

const UNKNOWN: UnknownFrame = { kind: "unknown" };
const FRAMES = 0x0a;
const RECEIVED = 0x10;

/** SessionRequest and SessionResponse differ in their frames only: how those look. */
export interface FrameLayout<F> {
  /** The frame's field number in ClientFrame or ServerFrame. */
  number(frame: F): number;
  fields(frame: F, sink: FieldSink): void;
  /** Reads the frame of that field number, up to the reader's end; undefined for a number that is not known. */
  read(number: number, reader: WireReader): F | undefined;
}

/** The bytes of one kind of session message, both ways. */
export class FrameMessage<F> {
  readonly #layout: FrameLayout<F>;
  readonly #sizer = new FieldSizer();

  constructor(layout: FrameLayout<F>) {
    this.#layout = layout;
  }

  /** Calls `visit` with each frame in order; returns `received`. Throws a StatusError at the first that is malformed. */
  decode(message: Buffer, visit: (frame: F | UnknownFrame) => void): number {
    const reader = new WireReader(message);
    let received = 0;
    while (!reader.done) {
      const tag = reader.tag();
      if (tag === FRAMES) visit(this.#frame(reader));
      else if (tag === RECEIVED) received = reader.uint53();
      else reader.skip(tag);
    }
    return received;
  }

  #frame(reader: WireReader): F | UnknownFrame {
    const end = reader.lengthDelimited();
    const outer = reader.end;
    reader.end = end;
    let frame: F | UnknownFrame = UNKNOWN;
    while (!reader.done) {
      const tag = reader.tag();
      if ((tag & 7) === 2) frame = this.#body(tag >>> 3, reader) ?? UNKNOWN;
      else reader.skip(tag);
    }
    reader.end = outer;
    return frame;
  }

  #body(number: number, reader: WireReader): F | undefined {
    const end = reader.lengthDelimited();
    const outer = reader.end;
    reader.end = end;
    const frame = this.#layout.read(number, reader);
    reader.pos = end;
    reader.end = outer;
    return frame;
  }

  /** The size of one entry of `frames`. */
  size(frame: F): number {
    return fieldSize(fieldSize(this.#bodySize(frame)));
  }

  #bodySize(frame: F): number {
    this.#sizer.size = 0;
    this.#layout.fields(frame, this.#sizer);
    return this.#sizer.size;
  }

  /** Writes one entry of `frames`; returns the position behind it. */
  write(frame: F, out: Buffer, at: number): number {
    const size = this.#bodySize(frame);
    let pos = at;
    out[pos++] = FRAMES;
    pos = writeVarint(out, pos, fieldSize(size));
    out[pos++] = (this.#layout.number(frame) << 3) | 2;
    const writer = new FieldWriter(out, writeVarint(out, pos, size));
    this.#layout.fields(frame, writer);
    return writer.pos;
  }

  encode(frames: readonly F[], received = 0): Buffer {
    const tail = receivedSize(received);
    const out = Buffer.allocUnsafe(frames.reduce((size, frame) => size + this.size(frame), tail));
    let pos = 0;
    for (const frame of frames) pos = this.write(frame, out, pos);
    writeReceived(out, pos, received);
    return out;
  }
}

/** Bytes of `received` in a message: none for 0. */
export function receivedSize(received: number): number {
  return received === 0 ? 0 : 1 + varintSize(received);
}

export function writeReceived(out: Buffer, at: number, received: number): void {
  if (received === 0) return;
  out[at] = RECEIVED;
  writeVarint(out, at + 1, received);
}
