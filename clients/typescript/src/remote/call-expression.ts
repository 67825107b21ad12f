import { copyError, PoduleError } from "../errors.ts";
import { type CallSink, RESULT_MODE, type ResultMode } from "../session/call-sink.ts";
import type { Session } from "../session/session.ts";
import type { ObjectRef } from "../values/decode.ts";
import { Again } from "./again.ts";
import { CallGuard } from "./call-guard.ts";
import { Expression, expressionOf, proxyOf } from "./expression.ts";
import { hold, letGo } from "./held-objects.ts";
import { PathExpression } from "./path-expression.ts";
import { asError, type CallParts, type Place, type Placed, startCall } from "./send.ts";
import type { CallOptions } from "./types.ts";

/**
 * A call and its result. It is sent once, at the end of the turn in which it was made, awaited or not. Whether its result comes as a value or stays
 * in Python is decided when it leaves: it comes if somebody awaits it by then and nothing else is made of it.
 */
export class CallExpression extends Expression implements CallSink {
  readonly thenable = true;
  readonly options: CallOptions | undefined;
  readonly credit = 0;
  left = false;
  dropped = false;
  readonly #name: string;
  #session: Session | undefined;
  #id = 0;
  /** What an observer wants, and what the call left with. */
  #wanted: ResultMode | undefined;
  #sealed: ResultMode | undefined;
  /** Others are made of the result: it has to be an object. */
  #depended = false;
  #observed = false;
  #state: "waiting" | "value" | "failed" = "waiting";
  #outcome: unknown;
  /** What the server said about the object. */
  #inline: ObjectRef | undefined;
  #promise: Promise<unknown> | undefined;
  #resolve: ((value: unknown) => void) | undefined;
  #reject: ((error: unknown) => void) | undefined;
  #deferred: Promise<void> | undefined;
  #fetched: Promise<unknown> | undefined;
  #guard: CallGuard | undefined;

  constructor(name: string, options: CallOptions | undefined) {
    super();
    this.#name = name;
    this.options = options;
    if (options?.signal !== undefined || options?.timeout !== undefined)
      this.#guard = new CallGuard(this, options);
  }

  get id(): number {
    return this.#id;
  }

  base(): this {
    return this;
  }

  path(): string {
    return "";
  }

  describe(): string {
    return `[result of ${this.#name}]`;
  }

  with(options: CallOptions): Expression {
    return new PathExpression(this, "", { ...this.options, ...options }, false);
  }

  child(name: string): unknown {
    return proxyOf(new PathExpression(this, name, undefined, false));
  }

  /** It has its number now. */
  sent(session: Session, id: number): void {
    this.#session = session;
    this.#id = id;
  }

  /** It has to wait for something before it can be numbered. */
  defer(until: Promise<void>): void {
    this.#deferred = until;
  }

  seal(): ResultMode {
    this.#sealed = this.#depended ? RESULT_MODE.OBJECT : (this.#wanted ?? RESULT_MODE.OBJECT);
    if (this.#sealed === RESULT_MODE.OBJECT && this.#session !== undefined)
      hold(this, this.#session, this.#id);
    return this.#sealed;
  }

  result(buffer: Buffer, start: number, end: number, owned: boolean): void {
    const session = this.#session;
    if (this.dropped || session === undefined) return;
    try {
      if (this.#sealed === RESULT_MODE.OBJECT && this.#wanted !== RESULT_MODE.OBJECT) {
        this.#inline = session.decodeReference(buffer, start, end);
        this.#settle("value", undefined);
        return;
      }
      const value = session.decode(buffer, start, end, owned);
      // From here on the handle stands for the object.
      if (this.#sealed === RESULT_MODE.OBJECT) letGo(this, session);
      this.#settle("value", value);
    } catch (error) {
      this.fail(asError(error));
    }
  }

  item(): void {}

  end(): void {}

  fail(error: PoduleError): void {
    if (this.dropped || this.#state !== "waiting") return;
    if (this.#sealed === RESULT_MODE.OBJECT && this.#session !== undefined) letGo(this, this.#session);
    this.#settle("failed", error);
  }

  #settle(state: "value" | "failed", outcome: unknown): void {
    this.#state = state;
    this.#outcome = outcome;
    this.#guard?.done();
    if (state === "value") this.#resolve?.(outcome);
    else if (this.#reject !== undefined) this.#reject(outcome);
    else if (!this.#depended) setImmediate(() => this.#unobserved());
  }

  /** Nobody waits and nothing depends on it: an unhandled rejection, as of any promise. */
  #unobserved(): void {
    if (!this.#observed && !this.#depended) void Promise.reject(this.#outcome);
  }

  /** Fails here and now; Python is told. */
  abandon(error: PoduleError): void {
    if (this.#state !== "waiting") return;
    this.fail(error);
    this.dropped = true;
    this.#session?.cancel(this.#id, this);
  }

  observe(mode: ResultMode = RESULT_MODE.AUTO): Promise<unknown> {
    this.#observed = true;
    if (this.#state === "failed") return Promise.reject(this.#outcome);
    if (this.#wanted === mode) return this.#own();
    const undecided = this.#sealed === undefined && this.#state === "waiting";
    if (undecided && this.#wanted === undefined && (!this.#depended || mode === RESULT_MODE.OBJECT)) {
      this.#wanted = mode;
      return this.#own();
    }
    if (this.#inline?.hasValue && mode !== RESULT_MODE.OBJECT) return Promise.resolve(this.#inline.value);
    if (this.#isValue()) return this.#asFetched(mode);
    if (mode === RESULT_MODE.AUTO) {
      this.#fetched ??= this.#fetch(mode);
      return this.#fetched;
    }
    return this.#fetch(mode);
  }

  #own(): Promise<unknown> {
    this.#promise ??= new Promise((resolve, reject) => {
      if (this.#state === "value") resolve(this.#outcome);
      this.#resolve = resolve;
      this.#reject = reject;
    });
    return this.#promise;
  }

  /** It left, or will leave, to come as a value. */
  #isValue(): boolean {
    return (
      this.#sealed !== undefined &&
      this.#sealed !== RESULT_MODE.OBJECT &&
      expressionOf(this.#outcome) === undefined
    );
  }

  async #asFetched(mode: ResultMode): Promise<unknown> {
    const value = await this.#own();
    if (mode !== RESULT_MODE.OBJECT || expressionOf(value) !== undefined) return value;
    throw gone(this.describe());
  }

  #fetch(mode: ResultMode): Promise<unknown> {
    return sendCall(this, this.options, { operation: 1, path: "", args: [] }).observe(mode);
  }

  placeAsObject(): Place {
    return this.place();
  }

  /** The result as what something else begins at, or is given. */
  place(): Place {
    const handle = expressionOf(this.#outcome);
    if (handle !== undefined) return handle.base().place();
    if (this.#state === "failed") throw copyError(asError(this.#outcome));
    const session = this.#session;
    if (session === undefined) {
      const until = this.#deferred;
      throw new Again(() => until);
    }
    if (session.error !== undefined) throw copyError(session.error);
    if (this.#sealed === undefined && this.#wanted !== undefined && this.#wanted !== RESULT_MODE.OBJECT) {
      throw new Again(() => this.#splitOff(this.#wanted ?? RESULT_MODE.AUTO));
    }
    if (this.#isValue()) {
      if (this.#state === "waiting") throw new Again(() => this.#own().then(undefined, () => undefined));
      throw gone(this.describe());
    }
    this.#depended = true;
    return { session, target: this.#id };
  }

  /** Who awaits it already gets it by a call of its own, as it has to stay in Python now. */
  #splitOff(mode: ResultMode): undefined {
    this.#depended = true;
    this.#wanted = undefined;
    const [resolve, reject] = [this.#resolve, this.#reject];
    this.#resolve = undefined;
    this.#reject = undefined;
    this.#fetched = this.#promise;
    this.#promise = undefined;
    this.#fetch(mode).then(resolve, reject);
    return undefined;
  }

  /** The value, where that is what came. */
  get value(): { readonly value: unknown } | undefined {
    const came = this.#state === "value" && this.#isValue();
    return came ? { value: this.#outcome } : undefined;
  }
}

function gone(what: string): PoduleError {
  return new PoduleError({
    code: "FAILED_PRECONDITION",
    reason: "RESULT_WAS_A_VALUE",
    message: `${what} has come as a value: nothing of it is left in Python. Use $object() to keep a result there`,
  });
}

/** Sends a call at the end of this turn. Whatever goes wrong is its result. */
export function sendCall(base: Placed, options: CallOptions | undefined, parts: CallParts): CallExpression {
  const call = new CallExpression(parts.path, parts.options ?? options);
  startCall(base, parts, call);
  return call;
}
