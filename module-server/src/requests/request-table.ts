import { statusError, toStatus } from "@podule/grpc";
import { functionOf, type RoutedCall } from "@podule/session";
import { Status } from "nice-grpc-common";
import type { Call, Caller } from "../calls/call.ts";
import { encodeStatus } from "../status-bytes.ts";
import { type Answer, KnownRequest, type Waiter } from "./known-request.ts";
import { ANSWER_DROPPED, LONGEST_REQUEST_ID, reused, tooLong, unknown } from "./request-errors.ts";

/** What an id costs besides its answer. */
const ENTRY_BYTES = 512;

export interface RequestTableOptions {
  /** How long an answer is kept, and how long a call runs that nobody waits for. */
  readonly graceMs: number;
  /** Of all ids and answers together. */
  readonly maxBytes: number;
  cancel(call: Call): void;
}

/** Submits the call, whose answers go to `caller`. */
export type Submit = (caller: Caller) => Call | Promise<Call>;

/**
 * Calls with a request_id: each runs once, whoever asks for it and how often, until the grace time after its end. Where answers take too much memory
 * the oldest are dropped, but not their ids; where ids do, new ones are refused.
 */
export class RequestTable {
  readonly #options: RequestTableOptions;
  readonly #requests = new Map<string, KnownRequest>();
  /** Those that have been answered, the oldest first: when each is forgotten. */
  readonly #finished = new Map<KnownRequest, number>();
  /** Those of them whose answers are kept, the oldest first. */
  readonly #kept = new Set<KnownRequest>();
  #bytes = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: RequestTableOptions) {
    this.#options = options;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get size(): number {
    return this.#requests.size;
  }

  /** The waiter is told when the request's call has ended, or at once. What is returned takes the waiter away. Throws a StatusError. */
  join(routed: RoutedCall, request: Buffer, waiter: Waiter, submit: Submit): () => void {
    const id = routed.requestId;
    const name = functionOf(request);
    const known = this.#requests.get(id);
    if (known === undefined) {
      if (routed.retry) throw unknown(id);
      return this.#start(id, name, waiter, submit);
    }
    if (known.function !== name) throw reused(id, known.function);
    if (known.answer !== undefined) {
      known.tell(waiter);
      return () => {};
    }
    return this.#wait(known, waiter);
  }

  close(): void {
    clearTimeout(this.#timer);
    for (const known of this.#requests.values()) clearTimeout(known.abandoned);
  }

  #start(id: string, name: string, waiter: Waiter, submit: Submit): () => void {
    if (id.length > LONGEST_REQUEST_ID) throw tooLong(id);
    this.#sweep();
    const bytes = costOf(id);
    this.#shrink(bytes);
    if (this.#bytes + bytes > this.#options.maxBytes) throw this.#full();
    const known = new KnownRequest(id, name, {
      answered: (request, ran) => this.#onAnswer(request, ran),
    });
    this.#requests.set(id, known);
    this.#bytes += bytes;
    const leave = this.#wait(known, waiter);
    const onCall = (call: Call): void => {
      known.call = call;
    };
    try {
      const submitted = submit(known);
      if (submitted instanceof Promise)
        submitted.then(onCall, (error: unknown) => known.refuse(encodeStatus(toStatus(error))));
      else onCall(submitted);
    } catch (error) {
      known.refuse(encodeStatus(toStatus(error)));
    }
    return leave;
  }

  #wait(known: KnownRequest, waiter: Waiter): () => void {
    clearTimeout(known.abandoned);
    known.waiters.add(waiter);
    return () => {
      if (!known.waiters.delete(waiter) || known.waiters.size > 0 || known.answer !== undefined) return;
      known.abandoned = setTimeout(() => {
        if (known.call !== undefined) this.#options.cancel(known.call);
      }, this.#options.graceMs).unref();
    };
  }

  #onAnswer(known: KnownRequest, ran: boolean): void {
    known.call = undefined;
    if (!ran) {
      // Nothing has happened: to send it again is as the first time.
      this.#forget(known);
      return;
    }
    if (known.answer !== undefined) this.#bytes += sizeOf(known.answer);
    this.#kept.add(known);
    this.#finished.set(known, performance.now() + this.#options.graceMs);
    this.#shrink(0);
    this.#timer ??= setTimeout(() => this.#onTimer(), this.#options.graceMs).unref();
  }

  /** Drops the oldest answers until so many bytes fit. */
  #shrink(bytes: number): void {
    for (const known of this.#kept) {
      if (this.#bytes + bytes <= this.#options.maxBytes) return;
      this.#kept.delete(known);
      if (known.answer === undefined) continue;
      this.#bytes -= sizeOf(known.answer);
      known.answer = { status: ANSWER_DROPPED };
    }
  }

  #forget(known: KnownRequest): void {
    if (!this.#requests.delete(known.id)) return;
    this.#finished.delete(known);
    this.#bytes -= costOf(known.id);
    if (this.#kept.delete(known) && known.answer !== undefined) this.#bytes -= sizeOf(known.answer);
  }

  #sweep(): void {
    const now = performance.now();
    for (const [known, until] of this.#finished) {
      if (until > now) return;
      this.#forget(known);
    }
  }

  #onTimer(): void {
    this.#timer = undefined;
    this.#sweep();
    const next = this.#finished.values().next();
    if (next.done === true) return;
    this.#timer = setTimeout(() => this.#onTimer(), Math.max(1, next.value - performance.now())).unref();
  }

  #full() {
    return statusError(
      Status.RESOURCE_EXHAUSTED,
      "TOO_MANY_REQUEST_IDS",
      `The pod remembers ${this.#requests.size} calls with a request_id already: as many as it can`,
      { retryAfterMs: this.#options.graceMs },
    );
  }
}

function costOf(id: string): number {
  return ENTRY_BYTES + 2 * id.length;
}

function sizeOf(answer: Answer): number {
  if ("response" in answer) return answer.response.length;
  return answer.status === ANSWER_DROPPED ? 0 : answer.status.length;
}
