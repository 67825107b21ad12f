/** The worker is at most so many items ahead of what the reader has taken, and about so many bytes. */
export const MAX_AHEAD = 16;
const MAX_AHEAD_BYTES = 4 * 1024 * 1024;
/** Before anything is known of their size. */
const FIRST_AHEAD = 4;
const MOST = 0xffff_ffff;

/** How many items of a stream may be asked of the worker: what the reader allows, never more than a few at a time. */
export class ItemFlow {
  /** Granted to the worker, not yet come. */
  #ahead = 0;
  readonly #aheadBytes: number;
  #limit = FIRST_AHEAD;
  /** Allowed by the reader, not yet granted to the worker. */
  #allowed: number;
  #open = true;

  constructor(allowed: number, aheadBytes = MAX_AHEAD_BYTES) {
    this.#allowed = allowed;
    this.#aheadBytes = aheadBytes;
  }

  /** The reader allows more. */
  allow(items: number): void {
    this.#allowed = Math.min(this.#allowed + items, MOST);
  }

  /** False while what was sent to the reader has not been taken. */
  setOpen(open: boolean): void {
    this.#open = open;
  }

  received(bytes: number): void {
    if (this.#ahead > 0) this.#ahead--;
    this.#limit = Math.max(1, Math.min(MAX_AHEAD, Math.floor(this.#aheadBytes / Math.max(1, bytes))));
  }

  /** The worker has begun nothing, and another one will. */
  reset(): void {
    this.#allowed = Math.min(this.#allowed + this.#ahead, MOST);
    this.#ahead = 0;
  }

  /** How many items to grant to the worker now; not for every single one. */
  grant(): number {
    if (!this.#open || this.#ahead > this.#limit / 2) return 0;
    const items = Math.max(0, Math.min(this.#limit - this.#ahead, this.#allowed));
    this.#ahead += items;
    this.#allowed -= items;
    return items;
  }
}
