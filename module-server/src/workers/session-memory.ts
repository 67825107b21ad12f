import { statusError } from "@podule/grpc";
import { Status } from "nice-grpc-common";

const RETRY_MS = 1000;
const LOOK_MS = 1000;
/** Processes that are looked at in one turn: 10 ms of it. */
const LOOKS = 32;

export interface Measured {
  readonly pid: number;
}

/** What the workers of sessions have for themselves, looked at in turns: each at least once in so many seconds as there are 32 of them. */
export class SessionMemory {
  readonly #most: number | undefined;
  readonly #read: (pid: number) => number | undefined;
  readonly #unseen = new Set<Measured>();
  /** Bytes. Those looked at longest ago come first. */
  readonly #seen = new Map<Measured, number>();
  #used = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(most: number | undefined, read: (pid: number) => number | undefined) {
    this.#most = most;
    this.#read = read;
  }

  get size(): number {
    return this.#seen.size + this.#unseen.size;
  }

  /** With those that were not looked at counted as the others are on average. */
  get used(): number {
    return Math.round(this.#used + this.#mean * this.#unseen.size);
  }

  get #mean(): number {
    return this.#seen.size === 0 ? 0 : this.#used / this.#seen.size;
  }

  /** Throws a StatusError where there is no room for one more. */
  admit(): void {
    if (this.#most === undefined) return;
    if (this.#seen.size === 0) this.#look();
    if (this.used + this.#mean <= this.#most) return;
    throw statusError(
      Status.RESOURCE_EXHAUSTED,
      "SESSION_MEMORY",
      `The ${this.size} sessions of the pod use ${this.used} bytes; at most ${this.#most} are allowed`,
      { retryAfterMs: RETRY_MS, metadata: { limit: String(this.#most), used: String(this.used) } },
    );
  }

  add(worker: Measured): void {
    if (this.#most === undefined) return;
    this.#unseen.add(worker);
    this.#timer ??= setInterval(() => this.#look(), LOOK_MS).unref();
  }

  delete(worker: Measured): void {
    this.#forget(worker);
    if (this.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #look(): void {
    for (const worker of [...this.#unseen, ...this.#seen.keys()].slice(0, LOOKS)) {
      const bytes = this.#read(worker.pid);
      this.#forget(worker);
      if (bytes === undefined) continue;
      this.#seen.set(worker, bytes);
      this.#used += bytes;
    }
  }

  #forget(worker: Measured): void {
    this.#unseen.delete(worker);
    this.#used -= this.#seen.get(worker) ?? 0;
    this.#seen.delete(worker);
  }
}
