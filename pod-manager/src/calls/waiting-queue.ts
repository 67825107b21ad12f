export interface QueueItem {
  /** What it keeps in memory while it waits. */
  readonly bytes: number;
}

/** Bytes that several queues may hold together. */
export interface ByteBudget {
  left: number;
}

export type Refusal = "calls" | "bytes" | "total bytes";

/** Calls that wait, in their order; bounded in number and in bytes. */
export class WaitingQueue<T extends QueueItem> {
  readonly #items = new Set<T>();
  readonly #maxItems: number;
  readonly #maxBytes: number;
  readonly #budget: ByteBudget;
  #bytes = 0;

  constructor(maxItems: number, maxBytes: number, budget: ByteBudget) {
    this.#maxItems = maxItems;
    this.#maxBytes = maxBytes;
    this.#budget = budget;
  }

  get size(): number {
    return this.#items.size;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** The one that waits longest. */
  get first(): T | undefined {
    for (const item of this.#items) return item;
    return undefined;
  }

  /** Undefined: it waits now. Else: the bound that it would break. */
  push(item: T): Refusal | undefined {
    if (this.#items.size >= this.#maxItems) return "calls";
    if (this.#bytes + item.bytes > this.#maxBytes) return "bytes";
    if (item.bytes > this.#budget.left) return "total bytes";
    this.#items.add(item);
    this.#bytes += item.bytes;
    this.#budget.left -= item.bytes;
    return undefined;
  }

  shift(): T | undefined {
    const { first } = this;
    if (first !== undefined) this.remove(first);
    return first;
  }

  /** False where it did not wait. */
  remove(item: T): boolean {
    if (!this.#items.delete(item)) return false;
    this.#bytes -= item.bytes;
    this.#budget.left += item.bytes;
    return true;
  }
}
