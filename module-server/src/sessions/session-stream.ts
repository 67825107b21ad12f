import type { ServerDuplexStream } from "@grpc/grpc-js";
import { type StatusError, toServiceError } from "@podule/grpc";
import { FrameWriter, type ServerFrame, serverFrameSize, writeServerFrame } from "@podule/session";

/** What was received is confirmed at the latest after so much of it, or so long. */
const CONFIRM_FRAMES = 64;
const CONFIRM_BYTES = 64 * 1024;
const CONFIRM_MS = 50;
/** What tells a broken stream from one whose client has ended follows within so long. */
const END_MS = 100;
/** For the last frames, where the client does not take them. */
const LAST_MS = 10_000;

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
  /** Set when nothing more will come: how the stream ends, behind what was pushed. */
  #ending: (() => void) | undefined;
  #gone = false;

  constructor(stream: ServerDuplexStream<Buffer, Buffer>, events: SessionStreamEvents) {
    this.#stream = stream;
    this.#events = events;
    this.#writer = new FrameWriter(stream, codec, {
      received: () => this.#confirm(),
      onDrain: () => this.#onDrain(),
    });
    stream.on("data", (message: Buffer) => this.#onMessage(message));
    stream.on("end", () => {
      // A stream that is reset, and a connection that goes away, look like an end at first.
      setTimeout(() => {
        if (!this.#gone && this.#ending === undefined) events.ended();
      }, END_MS);
    });
    for (const end of ["cancelled", "error", "close"]) stream.on(end, () => this.#leave());
  }

  get pendingBytes(): number {
    return this.#writer.pendingBytes;
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

  /** The stream's first message, which `handle` reads. */
  begin(handle: () => void, bytes: number): void {
    this.#unconfirmedBytes += bytes;
    handle();
    this.#confirmInTime();
  }

  /** Ends the stream, behind what was pushed. */
  end(error?: StatusError): void {
    if (this.#gone || this.#ending !== undefined) return;
    this.#ending = () => {
      this.#leave();
      if (error === undefined) this.#stream.end();
      else this.#stream.emit("error", toServiceError(error));
    };
    this.#writer.flush();
    if (this.#writer.pendingBytes === 0) {
      this.#ending();
      return;
    }
    clearTimeout(this.#timer);
    this.#timer = setTimeout(this.#ending, LAST_MS);
  }

  /** Ends the stream without what was pushed. */
  abandon(error: StatusError): void {
    if (this.#gone) return;
    this.#leave();
    this.#stream.emit("error", toServiceError(error));
  }

  #onDrain(): void {
    if (this.#ending !== undefined) {
      this.#ending();
      return;
    }
    this.#confirmInTime();
    this.#events.drained();
  }

  #onMessage(message: Buffer): void {
    if (this.#gone || this.#ending !== undefined) return;
    this.#unconfirmedBytes += message.length;
    this.#events.message(message);
    this.#confirmInTime();
  }

  #confirmInTime(): void {
    if (this.#gone || this.#ending !== undefined) return;
    const due = this.#events.received() - this.#confirmed;
    if (due >= CONFIRM_FRAMES || (due > 0 && this.#unconfirmedBytes >= CONFIRM_BYTES)) {
      setImmediate(() => this.#confirmAlone());
    } else if (due > 0 && this.#timer === undefined) {
      this.#timer = setTimeout(() => this.#confirmAlone(), CONFIRM_MS);
    }
  }

  #confirm(): number {
    if (this.#ending === undefined) {
      clearTimeout(this.#timer);
      this.#timer = undefined;
    }
    this.#unconfirmedBytes = 0;
    this.#confirmed = this.#events.received();
    return this.#confirmed;
  }

  #confirmAlone(): void {
    if (this.#ending !== undefined) return;
    clearTimeout(this.#timer);
    this.#timer = undefined;
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
