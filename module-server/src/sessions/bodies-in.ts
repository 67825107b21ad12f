import type { ChunkFrame } from "@podule/session";
import { MAX_IN_FLIGHT, violation } from "./session-errors.ts";

const MOST_CHUNK = 1024 * 1024;
const MOST_BYTES = 4 * 1024 * 1024 * 1024;
/** Bodies of one session that may be on their way at once. */
const MOST_BODIES = MAX_IN_FLIGHT;
/** Without any chunk for so long, the bodies that are begun will not be finished. */
const IDLE_MS = 60_000;
const LOOKS = 4;

/** A body whose chunks were dropped. */
export const EXPIRED_BODY = "expired";

/** Where the chunks go. */
export interface ChunkTaker {
  /** It takes nothing at the moment. */
  readonly blocked: boolean;
  dropTransfer(transfer: number): void;
}

interface Body {
  /** Undefined: dropped. */
  transfer: number | undefined;
  readonly total: number;
  received: number;
}

/** Bodies that a session's client sends in chunks: they go on to the worker piece by piece, here only their sizes are kept. */
export class BodiesIn {
  readonly #bodies = new Map<number, Body>();
  readonly #transferOf: (id: number) => number;
  readonly #worker: ChunkTaker;
  #timer: NodeJS.Timeout | undefined;
  /** How often nothing had come since. */
  #idle = 0;

  /** `transferOf`: the number on the worker's link of the body that the client sends for `id`. */
  constructor(worker: ChunkTaker, transferOf: (id: number) => number) {
    this.#worker = worker;
    this.#transferOf = transferOf;
  }

  /** A chunk has come: the transfer that it belongs to. Throws a StatusError where it breaks the rules. */
  take({ id, data, total }: ChunkFrame): number | typeof EXPIRED_BODY {
    const body = this.#bodies.get(id) ?? this.#begin(id, total);
    body.received += data.length;
    if (data.length > MOST_CHUNK || total !== body.total || body.received > body.total)
      throw violation(`Chunks of ${body.received} bytes for a body of ${body.total}`);
    this.#idle = 0;
    this.#timer ??= setInterval(() => this.#look(), IDLE_MS / LOOKS).unref();
    return body.transfer ?? EXPIRED_BODY;
  }

  #begin(id: number, total: number): Body {
    if (total > MOST_BYTES) throw violation(`A body of ${total} bytes; at most ${MOST_BYTES} are allowed`);
    if (this.#bodies.size >= MOST_BODIES) throw violation(`More than ${MOST_BODIES} bodies at once`);
    const body = { transfer: this.#transferOf(id), total, received: 0 };
    this.#bodies.set(id, body);
    return body;
  }

  /** The frame that uses the body has come: its transfer; undefined where no chunks came. Throws where some are missing. */
  finish(id: number): number | typeof EXPIRED_BODY | undefined {
    const body = this.#bodies.get(id);
    if (body === undefined) return undefined;
    this.#bodies.delete(id);
    if (this.#bodies.size === 0) this.#stopTimer();
    if (body.received < body.total)
      throw violation(`Chunks of ${body.received} bytes for a body of ${body.total}`);
    return body.transfer ?? EXPIRED_BODY;
  }

  /** None of them will be finished. */
  clear(): void {
    this.#stopTimer();
    this.#expire();
    this.#bodies.clear();
  }

  #look(): void {
    // Chunks that cannot come are not missing.
    this.#idle = this.#worker.blocked ? 0 : this.#idle + 1;
    if (this.#idle >= LOOKS) this.#expire();
  }

  /** Only what they take is given back: their frames may still come. */
  #expire(): void {
    for (const body of this.#bodies.values()) {
      if (body.transfer !== undefined) this.#worker.dropTransfer(body.transfer);
      body.transfer = undefined;
    }
  }

  #stopTimer(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}
