import { ID_GAP, MAX_ID } from "./limits.ts";

/** A call whose body travels in chunks, ahead of it. */
export interface LargeId {
  readonly id: number;
  /** The next id for a call that has to come behind it. */
  next: number;
}

/**
 * Gives calls their ids, which grow in the order in which calls reach the server. While a large call is on its
 * way, calls that do not need it pass it: they get ids from a gap below its own.
 */
export class CallIds {
  #next = 1;
  readonly #large: LargeId[] = [];

  /** An id for a call that leaves now; undefined: it must come behind the first large one. */
  passing(): number | undefined {
    const first = this.#large[0];
    if (first !== undefined && this.#next >= first.id) return undefined;
    return this.#next++;
  }

  /** An id for a call that leaves after this large one. */
  behind(large: LargeId): number {
    return large.next++;
  }

  /** An id for a call whose body leaves in chunks, after all other large ones. */
  large(): LargeId {
    const id = (this.#large.at(-1)?.id ?? this.#next - 1) + ID_GAP;
    const large = { id, next: id + 1 };
    this.#large.push(large);
    return large;
  }

  /** The first of the large ones has left. */
  done(large: LargeId): void {
    if (this.#large[0] !== large) throw new Error("large calls leave in order");
    this.#large.shift();
    this.#next = large.next;
  }

  get exhausted(): boolean {
    return Math.max(this.#next, this.#large.at(-1)?.id ?? 0) > MAX_ID - 4 * ID_GAP;
  }
}
