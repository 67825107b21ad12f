import { receivedSize, writeReceived } from "./frame-message.ts";

export interface FrameCodec<F> {
  size(frame: F): number;
  /** Returns the position behind what it wrote: `at + size(frame)`. */
  write(frame: F, out: Buffer, at: number): number;
}

/** What a gRPC stream and a socket have in common. */
export interface MessageStream {
  /** False: wait for `drain`. */
  write(message: Buffer): boolean;
  on(event: "drain", listener: () => void): unknown;
}

export interface FrameWriterOptions<F> {
  /** A message is closed before the frame that would take it beyond this; one larger frame goes alone. */
  readonly maxBatchBytes?: number;
  /** The last look at a frame before it is written: the frame to write instead, or undefined for none. */
  readonly take?: (frame: F) => F | undefined;
  /** What each message tells the other end to have arrived so far; 0: nothing. */
  readonly received?: () => number;
  /** The stream takes messages again and nothing waits. */
  readonly onDrain?: () => void;
}

const ONE_MIB = 1024 * 1024;

/**
 * Sends frames over a stream of messages: those pushed in one turn of the event loop leave in one message. Stops when
 * the stream says so; the owner bounds what waits by `pendingBytes`.
 */
export class FrameWriter<F> {
  readonly #stream: MessageStream;
  readonly #codec: FrameCodec<F>;
  readonly #maxBatchBytes: number;
  readonly #take: ((frame: F) => F | undefined) | undefined;
  readonly #received: (() => number) | undefined;
  readonly #onDrain: (() => void) | undefined;
  readonly #flushNow = () => {
    this.#scheduled = false;
    this.flush();
  };
  #frames: (F | undefined)[] = [];
  #sizes: number[] = [];
  #head = 0;
  #pendingBytes = 0;
  #scheduled = false;
  #blocked = false;
  #stopped = false;

  constructor(stream: MessageStream, codec: FrameCodec<F>, options: FrameWriterOptions<F> = {}) {
    this.#stream = stream;
    this.#codec = codec;
    this.#maxBatchBytes = options.maxBatchBytes ?? ONE_MIB;
    this.#take = options.take;
    this.#received = options.received;
    this.#onDrain = options.onDrain;
    stream.on("drain", () => {
      this.#blocked = false;
      this.flush();
      if (!this.#blocked && !this.#stopped) this.#onDrain?.();
    });
  }

  /** Bytes of frames not yet given to the stream. */
  get pendingBytes(): number {
    return this.#pendingBytes;
  }

  /** The stream has asked to wait. */
  get blocked(): boolean {
    return this.#blocked;
  }

  push(frame: F): void {
    if (this.#stopped) return;
    const size = this.#codec.size(frame);
    this.#frames.push(frame);
    this.#sizes.push(size);
    this.#pendingBytes += size;
    if (this.#scheduled || this.#blocked) return;
    this.#scheduled = true;
    setImmediate(this.#flushNow);
  }

  /** Writes what waits, without waiting for the end of the turn. */
  flush(): void {
    while (this.#head < this.#frames.length && !this.#blocked && !this.#stopped) {
      const batch = this.#nextBatch();
      if (batch !== undefined) this.#blocked = !this.#stream.write(batch);
    }
    this.#compact();
  }

  /** Tells what has arrived, in a message without frames. */
  confirm(): void {
    const received = this.#received?.() ?? 0;
    if (this.#blocked || this.#stopped || received === 0) return;
    const out = Buffer.allocUnsafe(receivedSize(received));
    writeReceived(out, 0, received);
    this.#blocked = !this.#stream.write(out);
  }

  /** Drops what waits; nothing is written any more. */
  stop(): void {
    this.#stopped = true;
    this.#frames = [];
    this.#sizes = [];
    this.#head = 0;
    this.#pendingBytes = 0;
  }

  #nextBatch(): Buffer | undefined {
    const batch: F[] = [];
    let total = 0;
    while (this.#head < this.#frames.length) {
      const pushed = this.#frames[this.#head];
      const reserved = this.#sizes[this.#head];
      if (pushed === undefined || reserved === undefined) break;
      if (total > 0 && total + reserved > this.#maxBatchBytes) break;
      // Written, a frame is not kept until the others are.
      this.#frames[this.#head++] = undefined;
      this.#pendingBytes -= reserved;
      const frame = this.#take === undefined ? pushed : this.#take(pushed);
      if (frame === undefined) continue;
      total += frame === pushed ? reserved : this.#codec.size(frame);
      batch.push(frame);
    }
    if (total === 0) return undefined;
    const received = this.#received?.() ?? 0;
    const out = Buffer.allocUnsafe(total + receivedSize(received));
    let pos = 0;
    for (const frame of batch) pos = this.#codec.write(frame, out, pos);
    writeReceived(out, pos, received);
    return out;
  }

  #compact(): void {
    if (this.#head === this.#frames.length) {
      this.#frames.length = 0;
      this.#sizes.length = 0;
    } else if (this.#head > 1024 && this.#head * 2 > this.#frames.length) {
      this.#frames.splice(0, this.#head);
      this.#sizes.splice(0, this.#head);
    } else {
      return;
    }
    this.#head = 0;
  }
}
