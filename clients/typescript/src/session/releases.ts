import { writeRelease } from "./control-frames.ts";
import type { Outbox } from "./outbox.ts";

const IDS_PER_FRAME = 1024;

/** Objects that nobody uses any more are given back in batches, behind every call that names them. */
export class Releases {
  /** Objects that are held. */
  live = 0;
  readonly #outbox: Outbox;
  readonly #held: () => boolean;
  #ids: number[] = [];
  #scheduled = false;

  /** `held`: calls that name objects wait behind something; releases must not pass them. */
  constructor(outbox: Outbox, held: () => boolean) {
    this.#outbox = outbox;
    this.#held = held;
  }

  add(id: number): void {
    this.#ids.push(id);
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      this.pump();
    });
  }

  pump(): void {
    while (this.#ids.length > 0 && !this.#held()) {
      const start = this.#outbox.begin();
      writeRelease(this.#outbox.writer, this.#ids.splice(0, IDS_PER_FRAME));
      this.#outbox.commit(start, undefined, -1);
    }
  }

  clear(): void {
    this.#ids = [];
  }
}
