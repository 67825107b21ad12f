const SPAN_MS = 100;

/**
 * How many calls a pod is given at once: those that its workers run, and as many more as it will have finished soon, by what it
 * finished lately. What is with a pod stays there; what waits can still go to one that starts meanwhile.
 */
export class Slots {
  #since = 0;
  #finished = 0;
  #before = 0;

  finished(now: number): void {
    this.#turn(now);
    this.#finished += 1;
  }

  limit(now: number, workers: number): number {
    this.#turn(now);
    return workers + Math.max(workers, this.#before, this.#finished);
  }

  #turn(now: number): void {
    const past = now - this.#since;
    if (past < SPAN_MS) return;
    this.#before = past < 2 * SPAN_MS ? this.#finished : 0;
    this.#finished = 0;
    this.#since = past < 2 * SPAN_MS ? this.#since + SPAN_MS : now;
  }
}
