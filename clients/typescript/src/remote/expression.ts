import { inspect } from "node:util";
import type { ResultMode } from "../session/call-sink.ts";
import type { CallParts, Place, Placed } from "./send.ts";
import type { CallOptions, Pending } from "./types.ts";

/** Gives the expression behind a proxy. */
export const STATE: unique symbol = Symbol("podule.expression");
const DOLLAR = 36;

/** Functions that every proxy has, by their "$" name. Their `this` is the proxy. */
export type MemberTable = ReadonlyMap<string, unknown>;

/** Sends a call, and gives its expression. */
export type Send = (base: Placed, options: CallOptions | undefined, parts: CallParts) => Expression;

interface Shared {
  readonly members: MemberTable;
  readonly symbols: ReadonlyMap<symbol, unknown>;
  readonly send: Send;
}

let shared: Shared | undefined;

function defined(): Shared {
  if (shared === undefined) throw new Error("the members of remote expressions are not defined");
  return shared;
}

/** Said once, by the files that define them: they need expressions themselves. */
export function defineMembers(all: Shared): void {
  shared = all;
}

/** The one target of all proxies: a function, so that they can be called, with nothing of its own. */
const target = Object.setPrototypeOf(() => undefined, {
  [inspect.custom](this: unknown): string {
    return expressionOf(this)?.describe() ?? "[remote]";
  },
});

/** Something remote; it is the handler of its own proxy. */
export abstract class Expression implements ProxyHandler<object> {
  /** Whether its proxy is a promise, too. */
  abstract readonly thenable: boolean;
  abstract readonly options: CallOptions | undefined;
  /** Where its attributes begin. */
  abstract base(): Placed;
  abstract path(): string;
  abstract describe(): string;
  /** The same with these options for its calls. */
  abstract with(options: CallOptions): Expression;
  abstract child(name: string): unknown;

  get(_target: object, name: string | symbol): unknown {
    if (typeof name === "symbol") return name === STATE ? this : this.symbol(name);
    if (name === "then") return this.thenable ? then : undefined;
    if (name.charCodeAt(0) === DOLLAR) return this.member(name);
    if (name === "toJSON") return undefined;
    return this.child(name);
  }

  member(name: string): unknown {
    return defined().members.get(name);
  }

  symbol(name: symbol): unknown {
    return defined().symbols.get(name);
  }

  apply(_target: object, _self: unknown, args: unknown[]): unknown {
    return this.send({ operation: 0, path: this.path(), args });
  }

  send(parts: CallParts): Pending {
    return proxyOf(defined().send(this.base(), this.options, parts));
  }

  /** `x.name = value` sends, too; await `$setAttr` to know that it worked. */
  set(_target: object, name: string | symbol, value: unknown): boolean {
    if (typeof name === "symbol") return false;
    void this.send({ operation: 2, path: join(this.path(), name), args: [value] });
    return true;
  }

  deleteProperty(_target: object, name: string | symbol): boolean {
    if (typeof name === "symbol") return false;
    void this.send({ operation: 3, path: join(this.path(), name), args: [] });
    return true;
  }

  has(_target: object, name: string | symbol): boolean {
    return name === STATE;
  }

  defineProperty(): boolean {
    return false;
  }

  setPrototypeOf(): boolean {
    return false;
  }

  preventExtensions(): boolean {
    return false;
  }

  /** What `await` gets; with a mode, what it gets in that. */
  abstract observe(mode?: ResultMode): Promise<unknown>;

  /** Where it is, as the object that an argument stands for. */
  abstract placeAsObject(): Place;
}

function then(this: unknown, onValue: never, onError: never): unknown {
  return stateOf(this).observe().then(onValue, onError);
}

export function join(path: string, name: string): string {
  return path === "" ? name : `${path}.${name}`;
}

/** The proxy of an expression; its type says what the expression is. */
export function proxyOf<T>(expression: Expression): T;
export function proxyOf(expression: Expression): object {
  return new Proxy(target, expression);
}

/** The expression behind a proxy; undefined for anything else. */
export function expressionOf(value: unknown): Expression | undefined {
  if (typeof value !== "function") return undefined;
  const state: unknown = Reflect.get(value, STATE);
  return state instanceof Expression ? state : undefined;
}

export function stateOf(value: unknown): Expression {
  const expression = expressionOf(value);
  if (expression === undefined) throw new TypeError("this is not a remote object, module or result");
  return expression;
}
