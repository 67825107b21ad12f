import type { Call } from "../calls/call.ts";

/** For a worker that has nothing more to do, to end by itself. */
const END_MS = 2000;

/** The worker, as far as its end goes. */
export interface Retiring {
  readonly calls: ReadonlyMap<number, Call>;
  readonly sessions: number;
  /** No signal after this. */
  readonly gone: boolean;
  /** It reads what it was sent, then ends. */
  end(): void;
  kill(because: string): void;
}

/** A call does not end: why the worker is killed when all its others have ended, at the latest after that time. */
export interface Stuck {
  readonly because: string;
  readonly withinMs: number;
}

/** A worker takes nothing new, and ends when what it has is over. */
export class Retirement {
  readonly #worker: Retiring;
  #begun = false;
  #stuck: Stuck | undefined;
  #ending = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(worker: Retiring) {
    this.#worker = worker;
  }

  get begun(): boolean {
    return this.#begun;
  }

  get isStuck(): boolean {
    return this.#stuck !== undefined;
  }

  begin(stuck: Stuck | undefined): void {
    this.#begun = true;
    if (stuck !== undefined && this.#stuck === undefined) {
      this.#stuck = stuck;
      this.#within(stuck.withinMs, stuck.because);
    }
    this.look();
  }

  /** A call or a session of it is over. */
  look(): void {
    const worker = this.#worker;
    if (!this.#begun || this.#ending || worker.gone) return;
    if (this.#stuck !== undefined && [...worker.calls.values()].every((call) => call.answered)) {
      worker.kill(this.#stuck.because);
      return;
    }
    if (worker.calls.size > 0 || worker.sessions > 0) return;
    this.#ending = true;
    worker.end();
    this.#within(END_MS, "it had nothing more to do, and did not end");
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  #within(ms: number, because: string): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#worker.kill(because), ms);
    this.#timer.unref();
  }
}
