import type { CallbackResultFrame, ChunkFrame } from "@podule/session";
import type { Worker } from "../workers/worker.ts";
import { BodiesIn, EXPIRED_BODY } from "./bodies-in.ts";
import { BODY_EXPIRED } from "./session-errors.ts";

const EMPTY = Buffer.alloc(0);

/** Functions of a session's client that Python waits for. Answers that nobody waits for are ignored. */
export class ClientCallbacks {
  readonly #worker: Worker;
  readonly #waiting = new Set<number>();
  readonly #bodies: BodiesIn;

  constructor(worker: Worker) {
    this.#worker = worker;
    this.#bodies = new BodiesIn(worker, (id) => worker.transferOfCallback(id));
  }

  add(id: number): void {
    this.#waiting.add(id);
  }

  /** A piece of a large answer. Throws a StatusError where it breaks the rules. */
  chunk(frame: ChunkFrame): void {
    if (!this.#waiting.has(frame.id)) return;
    const transfer = this.#bodies.take(frame);
    if (transfer !== EXPIRED_BODY) this.#worker.chunk(transfer, frame.total, frame.data);
  }

  /** Throws a StatusError where chunks are missing. */
  answer({ id, response, error }: CallbackResultFrame): void {
    const transfer = this.#bodies.finish(id);
    if (!this.#waiting.delete(id)) return;
    if (transfer === EXPIRED_BODY) this.#worker.answerCallback(id, false, BODY_EXPIRED);
    else this.#worker.answerCallback(id, error === undefined, error ?? response ?? EMPTY);
  }

  close(): void {
    this.#bodies.clear();
  }
}
