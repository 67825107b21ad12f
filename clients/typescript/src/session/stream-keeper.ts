import { type Code, PoduleError, sessionLost } from "../errors.ts";
import { errorOfGrpc } from "../status.ts";
import { Writer } from "../wire/writer.ts";
import { backoffMs } from "./backoff.ts";
import type { Channel, SessionStream } from "./channel.ts";
import { writeOpen } from "./control-frames.ts";
import { type Message, MessageWriter } from "./message-writer.ts";

export interface KeeperEvents {
  message(bytes: Buffer): void;
  /** The stream takes messages again. */
  drained(): void;
  /** The stream broke; another one is on its way, or `lost` follows. */
  broken(): void;
  received(): number;
  lost(error: PoduleError): void;
}

/** Trying again would not help. */
const FINAL: readonly Code[] = [
  "NOT_FOUND",
  "UNAUTHENTICATED",
  "PERMISSION_DENIED",
  "INVALID_ARGUMENT",
  "FAILED_PRECONDITION",
  "UNIMPLEMENTED",
];
/** A pod or a manager that is about to end takes no session: none of its calls has been sent, and another one will take it. */
const ELSEWHERE = ["DRAINING", "SHUTTING_DOWN"];
const ELSEWHERE_WITHIN_MS = 30_000;
const RESUME_TIMEOUT_MS = 10_000;

/** Keeps one stream open for a session: opens the next when it breaks, as long as the server keeps the session. */
export class StreamKeeper {
  readonly #channel: Channel;
  readonly #module: string;
  readonly #events: KeeperEvents;
  #stream: SessionStream | undefined;
  #writer: MessageWriter | undefined;
  #token = "";
  #graceMs = 0;
  #everOpened = false;
  #attempt = 0;
  #deadline: number | undefined;
  #timer: NodeJS.Timeout | undefined;
  #ended = false;

  /** `openWithinMs`: how long to try to open the first stream where the server cannot be reached; 0: once. */
  constructor(channel: Channel, module: string, openWithinMs: number, events: KeeperEvents) {
    this.#channel = channel;
    this.#module = module;
    this.#graceMs = openWithinMs;
    this.#events = events;
  }

  open(): void {
    this.#channel.metadata().then(
      (metadata) => {
        if (!this.#ended) this.#begin(this.#channel.session(metadata));
      },
      (error: unknown) =>
        this.#broke(
          new PoduleError({
            code: "UNAUTHENTICATED",
            reason: "TOKEN_FAILED",
            message: "no token was given",
            cause: error,
          }),
        ),
    );
  }

  #begin(stream: SessionStream): void {
    this.#stream = stream;
    const current = (): boolean => this.#stream === stream;
    stream.on("data", (bytes: Buffer) => {
      if (current()) this.#events.message(bytes);
    });
    stream.on("error", () => undefined);
    stream.on("status", (status) => {
      if (!current()) return;
      const ended = status.code === 0;
      this.#broke(errorOfGrpc(ended ? { code: 14, details: "the server ended the session" } : status));
    });
    const open = new Writer(4096);
    writeOpen(open, this.#module, this.#token, this.#events.received());
    this.#writer = new MessageWriter(stream, () => {
      if (current()) this.#events.drained();
    });
    this.#writer.write([open.take(0).bytes]);
    if (this.#everOpened) this.#timer = setTimeout(() => stream.cancel(), RESUME_TIMEOUT_MS);
  }

  opened(frame: { token: string; graceMs: number }): void {
    clearTimeout(this.#timer);
    this.#writer?.answered();
    this.#token = frame.token || this.#token;
    this.#graceMs = this.#token === "" ? 0 : frame.graceMs;
    this.#everOpened = true;
    this.#attempt = 0;
    this.#deadline = undefined;
  }

  /** False: the stream is full, `drained` follows. */
  write(message: Message, sent?: () => void): boolean {
    // What is written into a broken stream is sent again on the next.
    if (this.#stream === undefined) return true;
    return this.#writer?.write(message, sent) ?? true;
  }

  #broke(error: PoduleError): void {
    clearTimeout(this.#timer);
    this.#stream = undefined;
    if (this.#ended) return;
    this.#events.broken();
    const now = performance.now();
    const refused = !this.#everOpened && ELSEWHERE.includes(error.reason);
    const withinMs = refused ? Math.max(this.#graceMs, ELSEWHERE_WITHIN_MS) : this.#graceMs;
    this.#deadline ??= now + withinMs;
    if (
      withinMs === 0 ||
      now >= this.#deadline ||
      error.reason === "SESSION_LOST" ||
      FINAL.includes(error.code)
    ) {
      this.#events.lost(this.#everOpened ? sessionLost(error) : error);
      return;
    }
    this.#timer = setTimeout(() => this.open(), backoffMs(this.#attempt++, Math.random()));
  }

  end(): void {
    this.#ended = true;
    clearTimeout(this.#timer);
    const stream = this.#stream;
    this.#stream = undefined;
    if (stream === undefined) return;
    stream.end();
    setTimeout(() => stream.cancel(), 1_000).unref();
  }
}
