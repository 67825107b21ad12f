interface Home {
  readonly pod: string;
  /** Calls of the request that have not ended. */
  running: number;
  /** When it is forgotten, performance.now(), unless one runs. */
  until: number;
}

/** Which pod has had a request_id: remembered for the grace time after the last call of it has ended. Bounded: beyond that nothing new is taken. */
export class RequestHomes {
  readonly #graceMs: number;
  readonly #most: number;
  /** In the order in which they may be forgotten. */
  readonly #homes = new Map<string, Home>();

  constructor(graceMs: number, most: number) {
    this.#graceMs = graceMs;
    this.#most = most;
  }

  get size(): number {
    return this.#homes.size;
  }

  podOf(key: string): string | undefined {
    this.#sweep();
    return this.#homes.get(key)?.pod;
  }

  /** A call of the request goes to the pod. False: no more can be remembered. */
  begin(key: string, pod: string): boolean {
    this.#sweep();
    const home = this.#homes.get(key);
    if (home === undefined && this.#homes.size >= this.#most) return false;
    this.#put(key, { pod, running: (home?.running ?? 0) + 1, until: 0 });
    return true;
  }

  /** `seen`: the pod may have begun it. */
  end(key: string, seen: boolean): void {
    const home = this.#homes.get(key);
    if (home === undefined) return;
    const running = home.running - 1;
    if (running <= 0 && !seen) this.#homes.delete(key);
    else this.#put(key, { pod: home.pod, running, until: performance.now() + this.#graceMs });
  }

  #put(key: string, home: Home): void {
    this.#homes.delete(key);
    this.#homes.set(key, home);
  }

  #sweep(): void {
    const now = performance.now();
    for (const [key, home] of this.#homes) {
      if (home.running > 0) {
        // Its time begins when it ends.
        if (this.#homes.size < this.#most) return;
        continue;
      }
      if (home.until > now) return;
      this.#homes.delete(key);
    }
  }
}
