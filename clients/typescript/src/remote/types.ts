import type { ArrowData } from "../values/arrow.ts";
import type { ByteArray, Range, Slice } from "../values/containers.ts";
import type { NdArray } from "../values/nd-array.ts";
import type { Complex, Decimal, Fraction, PyFloat } from "../values/numbers.ts";
import type { DataClass, EnumMember } from "../values/records.ts";
import type { PyDate, PyDateTime, PyTime, TimeDelta } from "../values/times.ts";
import type { Uuid } from "../values/uuid.ts";
import type { Context } from "./context.ts";
import type { Kwargs } from "./kwargs.ts";

/** For one call, or for all calls through what `$opts` returns. */
export interface CallOptions {
  /** Milliseconds until the function is interrupted in Python and the call fails with DEADLINE_EXCEEDED. */
  readonly timeout?: number;
  /** Aborting it cancels the call, also in Python. */
  readonly signal?: AbortSignal;
  /** W3C trace context of the caller. Default: the connection's `traceparent` function. */
  readonly traceparent?: string;
}

export interface IterationOptions extends CallOptions {
  /** Items that Python may be ahead. Default 64. */
  readonly prefetch?: number;
}

/** What travels by value; everything else is a RemoteObject. */
export type Value =
  | null
  | undefined
  | boolean
  | number
  | bigint
  | string
  | symbol
  | Uint8Array
  | readonly unknown[]
  | ReadonlyMap<unknown, unknown>
  | ReadonlySet<unknown>
  | NdArray
  | PyFloat
  | Complex
  | Decimal
  | Fraction
  | Slice
  | Range
  | Date
  | PyDateTime
  | PyDate
  | PyTime
  | TimeDelta
  | Uuid
  | EnumMember
  | DataClass
  | ByteArray
  | ArrowData;

/** What everything remote has. No Python name contains a "$": these never hide an attribute. */
export interface Members<T = unknown> extends AsyncIterable<unknown> {
  /** The attribute of this name, also of a name that JavaScript uses itself ("then", "$x"). */
  $attr(name: string): Pending;
  $setAttr(name: string, value: unknown): Pending<null>;
  $delAttr(name: string): Pending<null>;
  /** `x[key]`; a slice is `slice(1, 5)`, several keys are `tuple(slice(null), 0)`. */
  $item(key: unknown): Pending;
  $setItem(key: unknown, value: unknown): Pending<null>;
  $delItem(key: unknown): Pending<null>;
  /** Calls it. */
  $call(
    args?: readonly unknown[],
    kwargs?: Readonly<Record<string, unknown>>,
    options?: CallOptions,
  ): Pending;
  /** The same, whose calls have these options: `np.sum.$opts({ timeout: 500 })(x)`. */
  $opts(options: CallOptions): this;
  /** By value, whatever it is; fails where it is none. */
  $value<V = T>(): Promise<V>;
  /** As an object that stays in Python, whatever it is. */
  $object<V = T>(): Promise<RemoteObject<V>>;
  /** Iterates it, as `for await` does. */
  $iter(options?: IterationOptions): AsyncIterableIterator<unknown>;
  /** Enters it as a context manager: `await using file = await open(path).$enter()`. */
  $enter(options?: CallOptions): Promise<Context>;
  $len(): Pending<number>;
  $bool(): Pending<boolean>;
  $str(): Pending<string>;
  $repr(): Pending<string>;
  $dir(): Pending<string[]>;
  $help(): Pending<string>;
}

/** Attributes and calls of which nothing is known. */
export interface Dynamic {
  (...args: unknown[]): Pending;
  readonly [name: string]: Pending;
  // Functions have these in JavaScript; here, too, they are Python's.
  readonly name: Pending;
  readonly length: Pending;
  readonly apply: Pending;
  readonly call: Pending;
  readonly bind: Pending;
  readonly caller: Pending;
  readonly arguments: Pending;
  readonly prototype: Pending;
  readonly toString: Pending;
}

/** The remote form of a local description: functions become calls, everything else attributes. */
export type Described<T> = {
  readonly [K in keyof T]: T[K] extends (...args: infer A) => infer R
    ? ((...args: A | [...A, Kwargs]) => Pending<Awaited<R>>) & Members
    : Pending<T[K]>;
};

export type Attributes<T> = unknown extends T ? Dynamic : T extends Value ? Dynamic : Described<T>;

/** What a result is once it is there. */
export type Settled<T> = unknown extends T ? unknown : T extends Value ? T : RemoteObject<T>;

/**
 * A result, or an attribute, that need not be there yet: `await` it, or go on with it. What depends on it is sent at once, in the
 * same message.
 */
export type Pending<T = unknown> = PromiseLike<Settled<T>> & Members<T> & Attributes<T>;

/** A Python object that stays in Python. Not a promise: it can be returned from async functions. */
export type RemoteObject<T = unknown> = Members<T> &
  Attributes<T> & {
    /** "module:QualName" of its class. */
    readonly $type: string;
    readonly $callable: boolean;
    /** Gives the object back; also done when it is garbage, and by `await using`. */
    $release(): void;
    [Symbol.dispose](): void;
    [Symbol.asyncDispose](): PromiseLike<void>;
  };

/** A Python module. Not a promise. */
export type RemoteModule<T = unknown> = Members<T> &
  Attributes<T> & {
    /** Ends the session when its calls have ended; its objects are gone then. */
    $close(): Promise<void>;
    [Symbol.asyncDispose](): PromiseLike<void>;
  };
