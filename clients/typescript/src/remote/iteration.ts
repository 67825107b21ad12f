import type { PoduleError } from "../errors.ts";
import { type CallSink, RESULT_MODE, type ResultMode } from "../session/call-sink.ts";
import { OPERATION } from "../session/request.ts";
import type { Session } from "../session/session.ts";
import { CallGuard } from "./call-guard.ts";
import { asError, type Placed, startCall } from "./send.ts";
import type { IterationOptions } from "./types.ts";

const DEFAULT_PREFETCH = 64;

interface Waiter {
  readonly resolve: (result: IteratorResult<unknown, undefined>) => void;
  readonly reject: (error: unknown) => void;
}

/** Items of something remote, in batches: Python is at most `prefetch` of them ahead. */
export class Iteration implements CallSink, AsyncIterableIterator<unknown> {
  left = false;
  dropped = false;
  readonly credit: number;
  readonly options: IterationOptions;
  readonly #guard: CallGuard | undefined;
  #session: Session | undefined;
  #id = 0;
  #items: unknown[] = [];
  #taken = 0;
  #waiters: Waiter[] = [];
  #over = false;
  #error: PoduleError | undefined;

  constructor(base: Placed, path: string, options: IterationOptions) {
    this.options = options;
    this.credit = Math.max(1, Math.floor(options.prefetch ?? DEFAULT_PREFETCH));
    if (options.signal !== undefined || options.timeout !== undefined)
      this.#guard = new CallGuard(this, options);
    startCall(base, { operation: OPERATION.GET, path, args: [] }, this);
  }

  sent(session: Session, id: number): void {
    this.#session = session;
    this.#id = id;
  }

  defer(): void {}

  seal(): ResultMode {
    return RESULT_MODE.AUTO;
  }

  result(): void {
    this.end();
  }

  item(buffer: Buffer, start: number, end: number, owned: boolean): void {
    const session = this.#session;
    if (session === undefined || this.dropped) return;
    let value: unknown = null;
    try {
      value = session.decode(buffer, start, end, owned);
    } catch (error) {
      this.abandon(asError(error));
      return;
    }
    const waiter = this.#waiters.shift();
    if (waiter === undefined) this.#items.push(value);
    else {
      this.#took();
      waiter.resolve({ value, done: false });
    }
  }

  /** More may come when half of what was allowed has been taken. */
  #took(): void {
    if (++this.#taken * 2 < this.credit) return;
    this.#session?.credit(this.#id, this.#taken);
    this.#taken = 0;
  }

  end(): void {
    this.#over = true;
    this.#guard?.done();
    for (const waiter of this.#waiters.splice(0)) waiter.resolve({ value: undefined, done: true });
  }

  fail(error: PoduleError): void {
    if (this.#over) return;
    this.#error = error;
    this.#over = true;
    this.#guard?.done();
    const [first, ...others] = this.#waiters.splice(0);
    if (first === undefined) return;
    this.#error = undefined;
    first.reject(error);
    for (const waiter of others) waiter.resolve({ value: undefined, done: true });
  }

  abandon(error: PoduleError): void {
    this.fail(error);
    this.#cancel();
  }

  #cancel(): void {
    this.dropped = true;
    if (this.#session !== undefined) this.#session.cancel(this.#id, this);
  }

  next(): Promise<IteratorResult<unknown, undefined>> {
    if (this.#items.length > 0) {
      const value = this.#items.shift();
      if (!this.#over) this.#took();
      return Promise.resolve({ value, done: false });
    }
    const error = this.#error;
    this.#error = undefined;
    if (error !== undefined) return Promise.reject(error);
    if (this.#over) return Promise.resolve({ value: undefined, done: true });
    return new Promise((resolve, reject) => this.#waiters.push({ resolve, reject }));
  }

  /** Ends it early: `break` does. */
  return(): Promise<IteratorResult<unknown, undefined>> {
    this.#items = [];
    this.#error = undefined;
    if (!this.#over) {
      this.end();
      this.#cancel();
    }
    return Promise.resolve({ value: undefined, done: true });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}
