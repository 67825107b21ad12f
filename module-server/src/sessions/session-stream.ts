import type { ServerDuplexStream } from "@grpc/grpc-js";
import { type StatusError, toServiceError } from "@podule/grpc";
import { FrameWriter, type ServerFrame, serverFrameSize, writeServerFrame } from "@podule/session";

/** What was received is confirmed at the latest after so much of it, or so long. */
const CONFIRM_FRAMES = 64;
const CONFIRM_BYTES = 64 * 1024;
const CONFIRM_MS = 50;

const codec = { size: serverFrameSize, write: writeServerFrame };

export interface SessionStreamEvents {
  /** Frames received in the whole session; 0 where nothing is confirmed. */
  received(): number;
  message(message: Buffer): void;
  /** The stream takes messages again. */
  drained(): void;
  /** The client sends no more. */
  ended(): void;
  /** The stream is gone, whoever ended it. */
  gone(): void;
}

/** One gRPC stream of a session: frames out in batches, confirmations among them. */
export class SessionStream {
  readonly #stream: ServerDuplexStream<Buffer, Buffer>;
  readonly #writer: FrameWriter<ServerFrame>;
  readonly #events: SessionStreamEvents;
  #confirmed = 0;
  #unconfirmedBytes = 0;
  #timer: NodeJS.Timeout | undefined;
  #gone = false;

  constructor(stream: ServerDuplexStream<Buffer, Buffer>, events: SessionStreamEvents) {
    this.#stream = stream;
    this.#events = events;
    this.#writer = new FrameWriter(stream, codec, {
      received: () => this.#confirm(),
      onDrain: () => events.drained(),
    });
    stream.on("data", (message: Buffer) => this.#onMessage(message));
    stream.on("end", () => {
      // A connection that goes away looks like an end at first; what tells it from one follows at once.
      setImmediate(() => {
        if (!this.#gone) events.ended();
      });
    });
    for (const end of ["cancelled", "error", "close"]) stream.on(end, () => this.#leave());
  }

  get pendingBytes(): number {
    return this.#writer.pendingBytes;
  }

  get blocked(): boolean {
    return this.#writer.blocked;
  }

  push(frame: ServerFrame): void {
    this.#writer.push(frame);
  }

  pause(): void {
    this.#stream.pause();
  }

  resume(): void {
    this.#stream.resume();
  }

  /** Ends the stream, behind what was pushed. */
  end(): void {
    if (this.#gone) return;
    this.#writer.flush();
    this.#leave();
    this.#stream.end();
  }

  fail(error: StatusError): void {
    if (this.#gone) return;
    this.#writer.flush();
    this.#leave();
    this.#stream.emit("error", toServiceError(error));
  }

  #onMessage(message: Buffer): void {
    if (this.#gone) return;
    this.#unconfirmedBytes += message.length;
    this.#events.message(message);
    if (this.#gone) return;
    const due = this.#events.received() - this.#confirmed;
    if (due >= CONFIRM_FRAMES || this.#unconfirmedBytes >= CONFIRM_BYTES) {
      setImmediate(() => this.#confirmAlone());
    } else if (due > 0 && this.#timer === undefined) {
      this.#timer = setTimeout(() => this.#confirmAlone(), CONFIRM_MS);
    }
  }

  #confirm(): number {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#unconfirmedBytes = 0;
    this.#confirmed = this.#events.received();
    return this.#confirmed;
  }

  #confirmAlone(): void {
    if (!this.#gone && this.#events.received() > this.#confirmed) this.#writer.confirm();
  }

  #leave(): void {
    if (this.#gone) return;
    this.#gone = true;
    clearTimeout(this.#timer);
    this.#writer.stop();
    this.#events.gone();
  }
}
