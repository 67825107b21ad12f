import { ACK_BYTES, ACK_FRAMES, ACK_MS } from "./limits.ts";
import type { Outbox } from "./outbox.ts";

/** Counts the frames received, and sees to it that the server is told in time. */
export class Receipts {
  count = 0;
  readonly #outbox: Outbox;
  #said = 0;
  #bytes = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(outbox: Outbox) {
    this.#outbox = outbox;
  }

  /** A message with so many frames that count has been acted on. */
  add(frames: number, bytes: number): void {
    if (frames === 0) return;
    const { said } = this.#outbox;
    this.#bytes = said === this.#said ? this.#bytes + bytes : bytes;
    this.#said = said;
    this.count += frames;
    if (this.count - said >= ACK_FRAMES || this.#bytes >= ACK_BYTES) this.#outbox.schedule();
    else this.#timer ??= setTimeout(() => this.#late(), ACK_MS);
  }

  #late(): void {
    this.#timer = undefined;
    if (this.count !== this.#outbox.said) this.#outbox.schedule();
  }

  stop(): void {
    clearTimeout(this.#timer);
  }
}
