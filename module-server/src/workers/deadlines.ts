/** Something that is due at a time. */
export interface Due {
  /** performance.now(); Infinity: never. */
  due: number;
}

const FINEST_MS = 8;
/** A time is kept to a thousandth of the wait, or to 8 ms. */
const PRECISION = 1024;
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/**
 * Times of many things behind one timer. Adding and removing cost no timer; entries fire at or shortly after their time,
 * never before.
 */
export class Deadlines<T extends Due> {
  readonly #onDue: (entry: T) => void;
  readonly #slots = new Map<number, Set<T>>();
  readonly #slotOf = new Map<T, number>();
  #timer: NodeJS.Timeout | undefined;
  #timerAt = Number.POSITIVE_INFINITY;

  constructor(onDue: (entry: T) => void) {
    this.#onDue = onDue;
  }

  get size(): number {
    return this.#slotOf.size;
  }

  add(entry: T): void {
    if (entry.due === Number.POSITIVE_INFINITY) return;
    this.delete(entry);
    const slot = slotFor(entry.due, performance.now());
    const entries = this.#slots.get(slot);
    if (entries === undefined) this.#slots.set(slot, new Set([entry]));
    else entries.add(entry);
    this.#slotOf.set(entry, slot);
    if (slot < this.#timerAt) this.#arm(slot);
  }

  delete(entry: T): void {
    const slot = this.#slotOf.get(entry);
    if (slot === undefined) return;
    this.#slotOf.delete(entry);
    const entries = this.#slots.get(slot);
    entries?.delete(entry);
    if (entries?.size === 0) this.#slots.delete(slot);
  }

  clear(): void {
    clearTimeout(this.#timer);
    this.#timerAt = Number.POSITIVE_INFINITY;
    this.#slots.clear();
    this.#slotOf.clear();
  }

  #arm(slot: number): void {
    clearTimeout(this.#timer);
    this.#timerAt = slot;
    const wait = Math.max(0, slot - performance.now());
    this.#timer = setTimeout(() => this.#fire(), Math.min(Math.ceil(wait), LONGEST_TIMER_MS));
  }

  #fire(): void {
    this.#timerAt = Number.POSITIVE_INFINITY;
    const now = performance.now();
    for (const [slot, entries] of [...this.#slots]) {
      if (slot > now) continue;
      this.#slots.delete(slot);
      for (const entry of entries) this.#slotOf.delete(entry);
      for (const entry of entries) this.#onDue(entry);
    }
    let next = Number.POSITIVE_INFINITY;
    for (const slot of this.#slots.keys()) if (slot < next) next = slot;
    if (next < this.#timerAt) this.#arm(next);
  }
}

/** The end of the slot that holds `due`: near times in fine slots, far ones in coarse. */
export function slotFor(due: number, now: number): number {
  const wait = Math.max(0, due - now);
  const coarseness = Math.max(0, Math.ceil(Math.log2(wait / PRECISION / FINEST_MS)));
  const width = FINEST_MS * 2 ** coarseness;
  return Math.ceil(due / width) * width;
}
