import type { ChunkFrame } from "@podule/session";
import { MAX_IN_FLIGHT, violation } from "./session-errors.ts";

const MOST_CHUNK = 1024 * 1024;
const MOST_BYTES = 4 * 1024 * 1024 * 1024;
/** Bodies of one session that may be on their way at once. */
const MOST_BODIES = MAX_IN_FLIGHT;

interface Body {
  readonly transfer: number;
  readonly total: number;
  received: number;
}

/** Bodies that a session's client sends in chunks: they go on to the worker piece by piece, here only their sizes are kept. */
export class BodiesIn {
  readonly #bodies = new Map<number, Body>();
  readonly #transferOf: (id: number) => number;

  /** `transferOf`: the number on the worker's link of the body that the client sends for `id`. */
  constructor(transferOf: (id: number) => number) {
    this.#transferOf = transferOf;
  }

  /** A chunk has come: the transfer that it belongs to. Throws a StatusError where it breaks the rules. */
  take({ id, data, total }: ChunkFrame): number {
    const body = this.#bodies.get(id) ?? this.#begin(id, total);
    body.received += data.length;
    if (data.length > MOST_CHUNK || total !== body.total || body.received > body.total)
      throw violation(`Chunks of ${body.received} bytes for a body of ${body.total}`);
    return body.transfer;
  }

  #begin(id: number, total: number): Body {
    if (total > MOST_BYTES) throw violation(`A body of ${total} bytes; at most ${MOST_BYTES} are allowed`);
    if (this.#bodies.size >= MOST_BODIES) throw violation(`More than ${MOST_BODIES} bodies at once`);
    const body = { transfer: this.#transferOf(id), total, received: 0 };
    this.#bodies.set(id, body);
    return body;
  }

  /** The frame that uses the body has come: its transfer; undefined where no chunks came. Throws where some are missing. */
  finish(id: number): number | undefined {
    const body = this.#bodies.get(id);
    if (body === undefined) return undefined;
    this.#bodies.delete(id);
    if (body.received < body.total)
      throw violation(`Chunks of ${body.received} bytes for a body of ${body.total}`);
    return body.transfer;
  }

  /** Transfers that will not be finished. */
  clear(): number[] {
    const transfers = [...this.#bodies.values()].map(({ transfer }) => transfer);
    this.#bodies.clear();
    return transfers;
  }
}
