import type { Place } from "./place.ts";
import { privateMemory } from "./private-memory.ts";
import { needsWatch, type RecyclePolicy, recycleReason } from "./recycle-policy.ts";
import type { Worker } from "./worker.ts";

const WATCH_MS = 1000;
/** For the other calls of a worker in which one does not end. */
const STUCK_MS = 30_000;

/** New workers for old ones: the new one is there before the old one goes. */
export class Replacements {
  readonly #workers: number;
  readonly #policy: RecyclePolicy;
  readonly #places: ReadonlyMap<number, Place>;
  readonly #fork: () => void;
  #watch: NodeJS.Timeout | undefined;

  constructor(
    options: { readonly workers: number; readonly recycling: RecyclePolicy },
    places: ReadonlyMap<number, Place>,
    fork: () => void,
  ) {
    this.#workers = options.workers;
    this.#policy = options.recycling;
    this.#places = places;
    this.#fork = fork;
  }

  begin(): void {
    this.stop();
    if (needsWatch(this.#policy)) this.#watch = setInterval(() => this.#lookAtAll(), WATCH_MS);
  }

  stop(): void {
    clearInterval(this.#watch);
  }

  /** It has answered calls. */
  served(worker: Worker): void {
    if (this.#policy.maxCalls !== undefined) this.#look(worker);
  }

  /** The old ones go, as soon as there are enough new ones. */
  retireSurplus(): void {
    const serving = [...this.#places.values()].filter(
      ({ worker, session }) => session === undefined && worker !== undefined && !worker.doomed,
    );
    const surplus = Math.max(0, serving.length - this.#workers);
    for (const { worker } of serving.filter(({ replaced }) => replaced).slice(0, surplus)) worker?.retire();
  }

  /** A call in it does not end: it takes no more of them. */
  onStuck(worker: Worker): void {
    const place = this.#places.get(worker.number);
    if (place === undefined) return;
    worker.retire({ because: "a call did not end within 2 s of being interrupted", withinMs: STUCK_MS });
    if (place.session === undefined) this.#replace(place);
  }

  #lookAtAll(): void {
    for (const { worker } of this.#places.values()) if (worker !== undefined) this.#look(worker);
  }

  #look(worker: Worker): void {
    const place = this.#places.get(worker.number);
    if (place === undefined || place.session !== undefined || place.replaced) return;
    const memory = place.memory === undefined ? undefined : privateMemory(worker.pid);
    const use = {
      calls: worker.answered,
      memoryGrowth: memory === undefined ? undefined : memory - (place.memory ?? 0),
      ageMs: performance.now() - worker.bornAt,
    };
    if (recycleReason(use, this.#policy) === undefined) return;
    const old = [...this.#places.values()].filter(({ replaced }) => replaced);
    if (old.length < this.#workers) this.#replace(place);
  }

  #replace(place: Place): void {
    if (place.replaced) return;
    place.replaced = true;
    this.#fork();
  }
}
