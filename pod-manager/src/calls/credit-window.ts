const MAX_ITEMS = 16;
const MAX_BYTES = 4 * 1024 * 1024;
const FIRST_ITEMS = 2;

/**
 * How far a worker may be ahead of the reader: at most 16 items, and fewer where they are large, so that about 4 MiB
 * wait here (one item always may). Begins low and opens with the first item that shows its size.
 */
export class CreditWindow {
  /** Items that the worker may still send or that wait here. */
  #outstanding = FIRST_ITEMS;
  #largest = 0;
  readonly first = FIRST_ITEMS;

  /** An item has come. */
  received(bytes: number): void {
    if (bytes > this.#largest) this.#largest = bytes;
  }

  /** An item was given to the reader; returns the credit to give to the worker. */
  delivered(): number {
    this.#outstanding -= 1;
    const window = this.#window();
    // In halves: a frame for each item would cost more than many an item.
    if (this.#outstanding > window / 2) return 0;
    const credit = window - this.#outstanding;
    this.#outstanding = window;
    return credit;
  }

  #window(): number {
    return Math.max(1, Math.min(MAX_ITEMS, Math.floor(MAX_BYTES / Math.max(1, this.#largest))));
  }
}
