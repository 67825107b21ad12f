import { copyError, PoduleError } from "../errors.ts";
import { RESULT_MODE, type ResultMode } from "../session/call-sink.ts";
import type { Session } from "../session/session.ts";
import type { ObjectRef } from "../values/decode.ts";
import { sendCall } from "./call-expression.ts";
import { Expression, proxyOf } from "./expression.ts";
import { hold, release } from "./held-objects.ts";
import { PathExpression } from "./path-expression.ts";
import type { Place } from "./send.ts";
import type { CallOptions } from "./types.ts";

/** A Python object that stays in Python. */
export class ObjectExpression extends Expression {
  readonly thenable = false;
  readonly options: CallOptions | undefined;
  readonly ref: ObjectRef;
  readonly session: Session;
  /** Stands for the object; shared by what `with` made. */
  readonly #holder: { released: boolean };

  constructor(session: Session, ref: ObjectRef, options?: CallOptions, holder?: { released: boolean }) {
    super();
    this.session = session;
    this.ref = ref;
    this.options = options;
    this.#holder = holder ?? { released: false };
    if (holder === undefined) hold(this.#holder, session, ref.id);
  }

  base(): this {
    return this;
  }

  path(): string {
    return "";
  }

  place(): Place {
    const { error } = this.session;
    if (error !== undefined) throw copyError(error);
    if (this.#holder.released) {
      throw new PoduleError({
        code: "FAILED_PRECONDITION",
        reason: "OBJECT_RELEASED",
        message: `${this.describe()} has been released`,
      });
    }
    return { session: this.session, target: this.ref.id };
  }

  describe(): string {
    return `[${this.ref.type || "object"} #${this.ref.id} in ${this.session.module}]`;
  }

  with(options: CallOptions): ObjectExpression {
    return new ObjectExpression(this.session, this.ref, { ...this.options, ...options }, this.#holder);
  }

  child(name: string): unknown {
    return proxyOfPath(this, name);
  }

  override member(name: string): unknown {
    switch (name) {
      case "$type":
        return this.ref.type;
      case "$callable":
        return this.ref.callable;
      case "$release":
        return () => this.release();
      default:
        return super.member(name);
    }
  }

  override symbol(name: symbol): unknown {
    if (name === Symbol.dispose) return () => this.release();
    if (name === Symbol.asyncDispose) return async () => this.release();
    return super.symbol(name);
  }

  release(): void {
    this.#holder.released = true;
    release(this.#holder, this.session, this.ref.id);
  }

  placeAsObject(): Place {
    return this.place();
  }

  /** As a value where it is one. */
  observe(mode?: ResultMode): Promise<unknown> {
    if (this.ref.hasValue && mode !== RESULT_MODE.OBJECT) return Promise.resolve(this.ref.value);
    return sendCall(this, this.options, { operation: 1, path: "", args: [] }).observe(mode);
  }
}

function proxyOfPath(base: ObjectExpression, name: string): unknown {
  return proxyOf(new PathExpression(base, name, base.options, false));
}
