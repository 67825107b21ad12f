import { CallRecord } from "./call-record.ts";

const KEPT = 16_384;
/** Of those that failed, were slow or are sampled: when they leave the first ring. */
const KEPT_NOTABLE = 4096;

/** The last calls. In the long run nothing is allocated: the records go round. */
export class CallRing {
  readonly #recent: (CallRecord | undefined)[];
  readonly #notable: (CallRecord | undefined)[];
  #at = 0;
  #notableAt = 0;
  readonly #free: CallRecord[] = [];

  constructor(kept = KEPT, keptNotable = KEPT_NOTABLE) {
    this.#recent = new Array(kept);
    this.#notable = new Array(keptNotable);
  }

  /** A record to fill; it is given back by `keep`. */
  take(): CallRecord {
    return this.#free.pop() ?? new CallRecord();
  }

  keep(record: CallRecord): void {
    const out = this.#recent[this.#at];
    this.#recent[this.#at] = record;
    this.#at = (this.#at + 1) % this.#recent.length;
    if (out === undefined) return;
    if (!out.notable) {
      this.#release(out);
      return;
    }
    const older = this.#notable[this.#notableAt];
    this.#notable[this.#notableAt] = out;
    this.#notableAt = (this.#notableAt + 1) % this.#notable.length;
    if (older !== undefined) this.#release(older);
  }

  find(id: string): CallRecord[] {
    const found: CallRecord[] = [];
    for (const record of [...this.#notable, ...this.#recent])
      if (record?.isOf(id) === true) found.push(record);
    return found;
  }

  #release(record: CallRecord): void {
    record.reset();
    this.#free.push(record);
  }
}
