import { piecesOf, Writer, type Written } from "../wire/writer.ts";
import type { CallSink } from "./call-sink.ts";
import { FrameQueue } from "./frame-queue.ts";
import { KeptFrames } from "./kept-frames.ts";
import { BATCH_BYTES, CHUNK_WINDOW_BYTES, WINDOW_BYTES, WINDOW_RESERVE } from "./limits.ts";
import type { Message } from "./message-writer.ts";

/** Of a chunk, without its data. */
const HEAD_BYTES = 64;

/** A frame that waits for its turn; a call's has a sink. */
export interface WaitingFrame {
  readonly bytes: Buffer;
  readonly sink: CallSink | undefined;
  /** Where in `bytes` the result mode is; -1: nowhere. */
  readonly modeAt: number;
}

export interface OutboxEvents {
  /** Gives a message to the stream; false: the stream is full, `drained` will be called. `sent`: the stream has passed it on. */
  write(message: Message, sent?: () => void): boolean;
  /** Frames received so far. */
  received(): number;
}

/**
 * Frames on their way out. What is ready in the same turn of the event loop leaves in one message; what the server has
 * not allowed yet (calls in flight, unacknowledged bytes) waits, in order, up to a limit.
 */
export class Outbox {
  readonly writer = new Writer();
  /** Where the batch of this turn begins in the writer. */
  batchStart = 0;
  maxInFlight = 1;
  inFlight = 0;
  resumable = false;
  readonly #events: OutboxEvents;
  readonly #kept = new KeptFrames();
  readonly #waiting = new FrameQueue<WaitingFrame>();
  #batchFrames = 0;
  #batchSinks: CallSink[] = [];
  #batchModes: number[] = [];
  #connected = false;
  #blocked = false;
  #scheduled = false;
  #said = 0;
  readonly #flush = () => {
    this.#scheduled = false;
    this.flush();
  };

  constructor(events: OutboxEvents) {
    this.#events = events;
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  /** Frames received that the server was told about. */
  get said(): number {
    return this.#said;
  }

  /** Whether a frame that begins now may join the batch; `call`: one that the server's limit counts. */
  #open(call: boolean): boolean {
    if (!this.#connected || this.#waiting.length > 0) return false;
    return this.#allowed(call, this.writer.pos - this.batchStart);
  }

  #allowed(call: boolean, more: number): boolean {
    if (call && this.inFlight >= this.maxInFlight) return false;
    if (this.#blocked && more > BATCH_BYTES) return false;
    return this.#windowHas(more, call ? WINDOW_RESERVE : 0);
  }

  #windowHas(more: number, reserve: number): boolean {
    const unacknowledged = this.#kept.bytes;
    return !this.resumable || unacknowledged === 0 || unacknowledged + more + reserve <= WINDOW_BYTES;
  }

  /** Where the next frame begins. */
  begin(): number {
    this.batchStart = this.writer.room(this.batchStart);
    return this.writer.pos;
  }

  /** The frame written since `start` is complete. */
  commit(start: number, sink: CallSink | undefined, modeAt: number): void {
    if (this.#open(sink !== undefined)) this.#join(sink, modeAt);
    else {
      const bytes = Buffer.from(this.writer.buffer.subarray(start, this.writer.pos));
      this.writer.pos = start;
      this.wait({ bytes, sink, modeAt: modeAt < 0 ? -1 : modeAt - start });
    }
  }

  #join(sink: CallSink | undefined, modeAt: number): void {
    this.#batchFrames++;
    if (sink !== undefined) {
      this.inFlight++;
      sink.left = true;
      this.#batchSinks.push(sink);
      this.#batchModes.push(modeAt < 0 ? -1 : modeAt - this.batchStart);
    }
    if (this.writer.pos - this.batchStart >= BATCH_BYTES) this.flush();
    else this.schedule();
  }

  /** A complete frame for the end of the queue. */
  wait(frame: WaitingFrame): void {
    this.#waiting.push(frame);
    this.pump();
  }

  /** Takes what was written since `from`; the frame that began at `start` leaves the batch. */
  extract(start: number, from: number): Written {
    const written = this.writer.take(from);
    const length = start - this.batchStart;
    const next = Buffer.allocUnsafeSlow(Math.max(256 * 1024, 2 * length));
    this.writer.buffer.copy(next, 0, this.batchStart, start);
    this.writer.buffer = next;
    this.writer.pos = length;
    this.batchStart = 0;
    return written;
  }

  schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(this.#flush);
  }

  /** Moves waiting frames into the batch, as many as are allowed. */
  pump(): void {
    if (!this.#connected) return;
    for (;;) {
      const frame = this.#waiting.peek();
      if (frame === undefined) return;
      if (frame.sink?.dropped) {
        this.#waiting.shift();
        continue;
      }
      const more = this.writer.pos - this.batchStart + frame.bytes.length;
      if (!this.#allowed(frame.sink !== undefined, more)) return;
      this.#waiting.shift();
      const start = this.begin();
      this.writer.need(frame.bytes.length);
      frame.bytes.copy(this.writer.buffer, start);
      this.writer.pos += frame.bytes.length;
      this.#join(frame.sink, frame.modeAt < 0 ? -1 : start + frame.modeAt);
    }
  }

  /** Sends the batch, or only the count of what was received where that is new. */
  flush(): void {
    if (!this.#connected || this.#blocked) return;
    const { writer } = this;
    const start = this.batchStart;
    const frames = this.#batchFrames;
    const end = writer.pos;
    for (let i = 0; i < this.#batchSinks.length; i++) {
      const sink = this.#batchSinks[i];
      const modeAt = this.#batchModes[i] ?? -1;
      if (sink !== undefined && modeAt >= 0) writer.buffer[start + modeAt] = sink.seal();
    }
    if (this.#batchSinks.length > 0) {
      this.#batchSinks = [];
      this.#batchModes = [];
    }
    this.#batchFrames = 0;
    this.#sayReceived();
    this.batchStart = writer.pos;
    if (writer.pos === start) return;
    if (this.resumable && frames > 0) this.#kept.add([writer.buffer.subarray(start, end)], frames);
    this.#write([writer.buffer.subarray(start, writer.pos)]);
  }

  #sayReceived(): void {
    const received = this.#events.received();
    if (!this.resumable || received === this.#said) return;
    this.#said = received;
    this.writer.tag(0x10);
    this.writer.varint(received);
  }

  /** Sends one chunk, which is a message of its own, if it may leave now. */
  sendAlone(make: (writer: Writer) => void, size: number, sent: () => void): boolean {
    if (!this.#connected || this.#blocked) return false;
    this.flush();
    if (this.#blocked || !this.#windowHas(size, WINDOW_BYTES - CHUNK_WINDOW_BYTES)) return false;
    const writer = new Writer(HEAD_BYTES);
    make(writer);
    const message = piecesOf(writer.take(0));
    if (this.resumable) this.#kept.add(message, 1);
    this.#write(message, sent);
    return true;
  }

  #write(message: Message, sent?: () => void): void {
    if (!this.#events.write(message, sent)) this.#blocked = true;
  }

  drained(): void {
    this.#blocked = false;
    this.pump();
    this.flush();
  }

  /** A final frame has come. */
  finished(): void {
    this.inFlight--;
    if (this.#waiting.length > 0) this.pump();
  }

  /** The server has received so many frames. False: it cannot have. */
  acknowledge(received: number): boolean {
    if (!this.resumable) return true;
    if (!this.#kept.acknowledge(received)) return false;
    if (this.#waiting.length > 0) this.pump();
    return true;
  }

  /** The stream is open: sends again what the server has not got, then what waits. */
  connected(received: number): boolean {
    if (!this.#kept.acknowledge(received)) return false;
    this.#connected = true;
    this.#blocked = false;
    for (const message of this.#kept.after(received)) this.#write(message);
    this.pump();
    this.flush();
    return true;
  }

  disconnected(): void {
    this.#connected = false;
    this.#blocked = false;
  }

  /** Nothing leaves any more. */
  close(): void {
    this.disconnected();
    this.#batchSinks = [];
    this.#batchModes = [];
    this.#waiting.clear();
  }
}
