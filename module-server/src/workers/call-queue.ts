import type { Call, Caller } from "../calls/call.ts";

/** Calls that wait for a worker: first those that came back from one, then in the order of their arrival. */
export class CallQueue {
  readonly #returned = new Set<Call>();
  readonly #waiting = new Set<Call>();
  /** Of callers that take no answers at the moment. */
  readonly #held = new Map<Caller, Set<Call>>();

  /** Calls that a worker could have now. */
  get size(): number {
    return this.#returned.size + this.#waiting.size;
  }

  isHeld(caller: Caller): boolean {
    return this.#held.has(caller);
  }

  add(call: Call): void {
    (this.#held.get(call.caller) ?? this.#waiting).add(call);
  }

  putBack(call: Call): void {
    (this.#held.get(call.caller) ?? this.#returned).add(call);
  }

  first(): Call | undefined {
    return this.#returned.values().next().value ?? this.#waiting.values().next().value;
  }

  delete(call: Call): void {
    if (this.#returned.delete(call) || this.#waiting.delete(call)) return;
    this.#held.get(call.caller)?.delete(call);
  }

  /** From now on the caller's calls wait until `release`. */
  hold(caller: Caller): void {
    if (this.#held.has(caller)) return;
    const calls = new Set<Call>();
    for (const queue of [this.#returned, this.#waiting]) {
      for (const call of queue) {
        if (call.caller !== caller) continue;
        queue.delete(call);
        calls.add(call);
      }
    }
    this.#held.set(caller, calls);
  }

  release(caller: Caller): void {
    const calls = this.#held.get(caller);
    this.#held.delete(caller);
    for (const call of calls ?? []) this.#returned.add(call);
  }

  /** Takes all calls out, held ones too. */
  clear(): Call[] {
    const calls = [
      ...this.#returned,
      ...this.#waiting,
      ...[...this.#held.values()].flatMap((held) => [...held]),
    ];
    this.#returned.clear();
    this.#waiting.clear();
    for (const held of this.#held.values()) held.clear();
    return calls;
  }
}
