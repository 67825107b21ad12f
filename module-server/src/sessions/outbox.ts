import { FrameLog, type ServerFrame, serverFrameSize, WINDOW_BYTES } from "@podule/session";
import { detach } from "../calls/call.ts";
import type { SessionStream } from "./session-stream.ts";

/** What keeping a frame costs besides its bytes. */
const KEPT_BYTES = 128;

/**
 * What goes to a session's client, over however many streams: kept until it is confirmed where the session is resumable; waiting
 * here while the client takes nothing.
 */
export class Outbox {
  readonly log = new FrameLog<ServerFrame>();
  resumable: boolean;
  stream: SessionStream | undefined;
  /** The session ends: nothing is taken any more. */
  closing = false;
  #waiting: ServerFrame[] = [];
  #waitingAnswers = 0;

  constructor(resumable: boolean) {
    this.resumable = resumable;
  }

  /** The client takes more. */
  get open(): boolean {
    if (this.#waiting.length > 0) return false;
    if (this.resumable) return this.log.open;
    return this.stream !== undefined && this.stream.pendingBytes < WINDOW_BYTES;
  }

  get empty(): boolean {
    return this.#waiting.length === 0;
  }

  /** Final answers of calls that the client has not taken. */
  get waitingAnswers(): number {
    return this.#waitingAnswers;
  }

  send(frame: ServerFrame): void {
    if (this.closing) return;
    if (this.open) {
      this.#write(frame);
    } else {
      this.#waiting.push(kept(frame));
      if (isAnswer(frame)) this.#waitingAnswers++;
    }
  }

  /** Sends what has waited, as far as there is room now. */
  pump(): void {
    const waiting = this.#waiting;
    if (waiting.length === 0) return;
    this.#waiting = [];
    let sent = 0;
    while (sent < waiting.length && this.open) {
      const frame = waiting[sent++];
      if (frame === undefined) continue;
      if (isAnswer(frame)) this.#waitingAnswers--;
      this.#write(frame);
    }
    this.#waiting = waiting.slice(sent);
  }

  /** Gives the stream all that waits, as nothing comes after it. */
  pour(): void {
    for (const frame of this.#waiting) this.stream?.push(frame);
    this.#waiting = [];
    this.#waitingAnswers = 0;
  }

  #write(frame: ServerFrame): void {
    if (!this.resumable) {
      this.stream?.push(frame);
      return;
    }
    const own = kept(frame);
    this.log.send(own, serverFrameSize(own) + KEPT_BYTES);
    this.stream?.push(own);
  }
}

function isAnswer({ kind }: ServerFrame): boolean {
  return kind === "result" || kind === "end" || kind === "error";
}

/** A frame that may be kept for long must not keep more than itself. */
function kept(frame: ServerFrame): ServerFrame {
  if (frame.kind !== "result" && frame.kind !== "item") return frame;
  const body = detach(frame.body);
  return body === frame.body ? frame : { ...frame, body };
}
