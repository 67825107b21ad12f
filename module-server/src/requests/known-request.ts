import type { Call, Caller } from "../calls/call.ts";

/** Who waits for a request's answer. Told at most once. */
export interface Waiter {
  result(response: Buffer): void;
  error(status: Buffer): void;
}

/** A finished call's answer. */
export type Answer = { readonly response: Buffer } | { readonly status: Buffer };

export interface KnownRequestEvents {
  /** `ran`: a worker may have had it. */
  answered(request: KnownRequest, ran: boolean): void;
}

/** The one call of a request_id, and all who wait for it. */
export class KnownRequest implements Caller {
  readonly id: string;
  /** What it calls: another function under the same id is a mistake. */
  readonly function: string;
  readonly waiters = new Set<Waiter>();
  /** Undefined until it is submitted. */
  call: Call | undefined;
  answer: Answer | undefined;
  /** Nobody waits for it: it ends when this fires. */
  abandoned: NodeJS.Timeout | undefined;
  readonly #events: KnownRequestEvents;

  constructor(id: string, name: string, events: KnownRequestEvents) {
    this.id = id;
    this.function = name;
    this.#events = events;
  }

  result(_call: Call, response: Buffer): void {
    this.#answer({ response }, true);
  }

  item(): void {}

  end(): void {}

  error(call: Call, status: Buffer): void {
    this.#answer({ status }, call.linkId !== 0);
  }

  /** It never became a call. */
  refuse(status: Buffer): void {
    this.#answer({ status }, false);
  }

  /** Tells a waiter that comes after the answer. */
  tell(waiter: Waiter): void {
    const { answer } = this;
    if (answer === undefined) return;
    if ("response" in answer) waiter.result(answer.response);
    else waiter.error(answer.status);
  }

  #answer(answer: Answer, ran: boolean): void {
    clearTimeout(this.abandoned);
    this.answer = answer;
    const waiters = [...this.waiters];
    this.waiters.clear();
    this.#events.answered(this, ran);
    for (const waiter of waiters) {
      if ("response" in answer) waiter.result(answer.response);
      else waiter.error(answer.status);
    }
  }
}
