export interface QueueItem {
  /** What it keeps in memory while it waits. */
  readonly bytes: number;
  /** Whose it is: callers take turns. */
  readonly caller: string;
}

/** Bytes that several queues may hold together. */
export interface ByteBudget {
  left: number;
}

export interface QueueLimits {
  readonly items: number;
  readonly itemsPerCaller: number;
  readonly bytes: number;
}

export type Refusal = "calls" | "calls per caller" | "bytes" | "total bytes";

/** What one caller has waiting, in its order. */
interface Line<T> {
  readonly items: Set<T>;
  bytes: number;
}

/**
 * Calls that wait; bounded in number and in bytes. Callers take turns, whoever has how many; each one's own calls keep their
 * order. Where it is full, one that has much waiting gives way to one that would still have less.
 */
export class WaitingQueue<T extends QueueItem> {
  /** When each began to wait; the oldest is first. */
  readonly #since = new Map<T, number>();
  /** The caller whose turn it is is first. */
  readonly #lines = new Map<string, Line<T>>();
  readonly #budget: ByteBudget;
  readonly #onDisplaced: (item: T, bound: Refusal) => void;
  #bytes = 0;
  limits: QueueLimits;

  constructor(limits: QueueLimits, budget: ByteBudget, onDisplaced: (item: T, bound: Refusal) => void) {
    this.limits = limits;
    this.#budget = budget;
    this.#onDisplaced = onDisplaced;
  }

  get size(): number {
    return this.#since.size;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Whose turn it is. */
  get first(): T | undefined {
    for (const { items } of this.#lines.values()) for (const item of items) return item;
    return undefined;
  }

  /** When the one that waits longest began to. */
  get oldest(): number | undefined {
    for (const since of this.#since.values()) return since;
    return undefined;
  }

  waitingOf(caller: string): number {
    return this.#lines.get(caller)?.items.size ?? 0;
  }

  /** Undefined: it waits now. Else: the bound that it would break. */
  push(item: T, now: number): Refusal | undefined {
    const { limits } = this;
    const own = this.#lines.get(item.caller) ?? { items: new Set<T>(), bytes: 0 };
    if (own.items.size >= limits.itemsPerCaller) return "calls per caller";
    if (item.bytes > this.#budget.left) return "total bytes";
    if (this.size >= limits.items && !this.#makeRoom("calls", own.items.size + 1, 1)) return "calls";
    const excess = this.#bytes + item.bytes - limits.bytes;
    if (excess > 0 && !this.#makeRoom("bytes", own.bytes + item.bytes, excess)) return "bytes";
    this.#lines.set(item.caller, own);
    own.items.add(item);
    own.bytes += item.bytes;
    this.#since.set(item, now);
    this.#count(item.bytes);
    return undefined;
  }

  /** It was served: another caller's turn. */
  take(item: T): void {
    const line = this.#lines.get(item.caller);
    if (!this.remove(item) || line === undefined || line.items.size === 0) return;
    this.#lines.delete(item.caller);
    this.#lines.set(item.caller, line);
  }

  /** False where it did not wait. */
  remove(item: T): boolean {
    if (!this.#since.delete(item)) return false;
    const line = this.#lines.get(item.caller);
    if (line?.items.delete(item) === true) line.bytes -= item.bytes;
    if (line?.items.size === 0) this.#lines.delete(item.caller);
    this.#count(-item.bytes);
    return true;
  }

  /** Takes out those that have waited since then or before. */
  expire(since: number): T[] {
    const expired: T[] = [];
    for (const [item, began] of this.#since) {
      if (began > since) break;
      expired.push(item);
    }
    for (const item of expired) this.remove(item);
    return expired;
  }

  #count(bytes: number): void {
    this.#bytes += bytes;
    this.#budget.left -= bytes;
  }

  /** The newest calls of the caller that has most give way, where it keeps at least as much as the new one's would have. */
  #makeRoom(bound: "calls" | "bytes", asked: number, excess: number): boolean {
    // With one call each, nobody has more than another.
    if (this.#lines.size === this.size) return false;
    const amount = ({ items, bytes }: Line<T>) => (bound === "calls" ? items.size : bytes);
    let most: Line<T> | undefined;
    for (const line of this.#lines.values())
      if (most === undefined || amount(line) > amount(most)) most = line;
    if (most === undefined || amount(most) - excess < asked) return false;
    const kept = amount(most) - excess;
    for (const item of [...most.items].reverse()) {
      if (amount(most) <= kept) break;
      this.remove(item);
      this.#onDisplaced(item, bound);
    }
    return true;
  }
}
