import { PoduleError } from "../errors.ts";
import type { CallOptions } from "./types.ts";

/** The server answers a call out of time itself, with a traceback; this long we leave it to that. */
const SLACK_MS = 250;
const MAX_TIMER_MS = 2 ** 31 - 1;

interface Guarded {
  readonly left: boolean;
  abandon(error: PoduleError): void;
}

/** Ends a call when its time is over or its signal aborts, whatever the server does. */
export class CallGuard {
  readonly #call: Guarded;
  readonly #signal: AbortSignal | undefined;
  #timer: NodeJS.Timeout | undefined;
  readonly #abort = (): void => {
    this.#call.abandon(
      new PoduleError({
        code: "CANCELLED",
        reason: "CANCELLED",
        message: "the call was aborted",
        cause: this.#signal?.reason,
      }),
    );
  };

  constructor(call: Guarded, { signal, timeout }: CallOptions) {
    this.#call = call;
    this.#signal = signal;
    if (signal?.aborted) queueMicrotask(this.#abort);
    else signal?.addEventListener("abort", this.#abort, { once: true });
    if (timeout !== undefined)
      this.#timer = setTimeout(() => this.#late(timeout), Math.min(timeout, MAX_TIMER_MS));
  }

  #late(timeout: number): void {
    if (this.#call.left) this.#timer = setTimeout(() => this.#over(timeout), SLACK_MS);
    else this.#over(timeout);
  }

  #over(timeout: number): void {
    this.#call.abandon(
      new PoduleError({
        code: "DEADLINE_EXCEEDED",
        reason: "DEADLINE_EXCEEDED",
        message: `the call was not answered within ${timeout} ms`,
      }),
    );
  }

  done(): void {
    clearTimeout(this.#timer);
    this.#signal?.removeEventListener("abort", this.#abort);
  }
}
