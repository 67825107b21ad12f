import {
  expressionOf,
  OPERATION,
  type Pending,
  type RemoteModule,
  type RemoteObject,
  Slice,
  stateOf,
  tuple,
} from "../client/podule.ts";
import { UsageError } from "../user-error.ts";
import type { Node, Statement } from "./syntax.ts";
import { PythonSyntaxError } from "./tokens.ts";

/** Builtins that are operators of the API, so that they run in the worker. */
export const BUILTINS = new Set(
  "abs bool bytes complex dict dir divmod float format hash help int isinstance issubclass iter len list next pow repr reversed round set sorted str tuple type".split(
    " ",
  ),
);

/** Something that Python does not know: a name. */
export class PythonNameError extends UsageError {
  constructor(name: string) {
    super(`name '${name}' is not defined`);
  }

  override get name(): string {
    return "NameError";
  }
}

type Remote = RemoteModule | RemoteObject;

/** Evaluates Python expressions in the session of a module. What comes of a step stays in Python until its repr is asked for. */
export class Evaluator {
  readonly names: Map<string, unknown>;
  readonly #module: RemoteModule;

  constructor(name: string, module: RemoteModule) {
    this.#module = module;
    this.names = new Map<string, unknown>([[name, module]]);
  }

  /** Runs a statement; the repr of its value, or undefined where Python would show none. */
  async run({ target, value }: Statement, signal: AbortSignal): Promise<string | undefined> {
    const result = await this.#value(value, signal);
    if (target !== undefined) {
      await this.#assign(target, result, signal);
      return undefined;
    }
    const isNone = await this.#operate("is_", [result, null], signal);
    if (isNone === true) return undefined;
    this.names.set("_", result);
    return String(await this.#operate("repr", [result], signal));
  }

  /** The names below a dotted path; below none, those of the session. */
  async dir(path: string): Promise<string[]> {
    if (path === "") return [...this.names.keys(), ...BUILTINS];
    const [first = "", ...rest] = path.split(".");
    const from = this.names.get(first);
    if (!isRemote(from)) return [];
    return await (rest.length === 0 ? from.$dir() : from.$attr(rest.join(".")).$dir());
  }

  // A Pending must not be what an async function returns: that would await it. So each of these gives an object, or a value.
  async #value(node: Node, signal: AbortSignal): Promise<unknown> {
    switch (node.kind) {
      case "constant":
        return node.value;
      case "name":
        if (this.names.has(node.name)) return this.names.get(node.name);
        throw new PythonNameError(node.name);
      case "attribute": {
        const { base, path } = await this.#place(node, signal);
        return base.$attr(path).$opts({ signal }).$object();
      }
      case "item":
        return this.#object("getitem", await this.#all([node.of, node.key], signal), signal);
      case "slice":
        return this.#slice(node.parts, signal);
      case "operator":
        return this.#object(node.name, await this.#all(node.operands, signal), signal);
      case "and":
      case "or": {
        const left = await this.#value(node.left, signal);
        const holds = (await this.#operate("bool", [left], signal)) === true;
        return holds === (node.kind === "or") ? left : this.#value(node.right, signal);
      }
      case "call":
        return this.#call(node, signal);
      case "list":
        return this.#all(node.items, signal);
      case "tuple":
        return tuple(...(await this.#all(node.items, signal)));
      case "set":
        return new Set(await this.#all(node.items, signal));
      case "dict": {
        const flat = await this.#all(node.entries.flat(), signal);
        return new Map(node.entries.map((_, i) => [flat[2 * i], flat[2 * i + 1]]));
      }
    }
  }

  /** In order, as Python does it. */
  async #all(nodes: readonly Node[], signal: AbortSignal): Promise<unknown[]> {
    const values: unknown[] = [];
    for (const node of nodes) values.push(await this.#value(node, signal));
    return values;
  }

  async #slice(parts: readonly (Node | undefined)[], signal: AbortSignal): Promise<Slice> {
    const none: Node = { kind: "constant", value: null };
    const [start = null, stop = null, step = null] = await this.#all(
      parts.map((part) => part ?? none),
      signal,
    );
    return new Slice(start, stop, step);
  }

  async #call({ of, args, kwargs }: Node & { kind: "call" }, signal: AbortSignal): Promise<unknown> {
    const values = await this.#all(args, signal);
    if (of.kind === "name" && BUILTINS.has(of.name) && !this.names.has(of.name)) {
      if (kwargs.length > 0) throw new PythonSyntaxError(`${of.name} takes no keyword arguments here`);
      return this.#object(of.name, values, signal);
    }
    const names = kwargs.map(([name]) => name);
    const named = await this.#all(
      kwargs.map(([, value]) => value),
      signal,
    );
    const { base, path } = await this.#place(of, signal);
    const callee = path === "" ? base : base.$attr(path);
    const entries = names.map((name, i) => [name, named[i]] as const);
    return callee.$call(values, Object.fromEntries(entries), { signal }).$object();
  }

  /** A dotted path, and what it begins at: one message, however long it is. */
  async #place(node: Node, signal: AbortSignal): Promise<{ base: Remote; path: string }> {
    const path: string[] = [];
    let base = node;
    for (; base.kind === "attribute"; base = base.of) path.unshift(base.name);
    return { base: await this.#remote(await this.#value(base, signal), signal), path: path.join(".") };
  }

  /** A value of this side becomes an object of the other: a str, too, has methods. */
  async #remote(value: unknown, signal: AbortSignal): Promise<Remote> {
    return isRemote(value) ? value : this.#object("getitem", [[value], 0], signal);
  }

  async #assign(target: Node, value: unknown, signal: AbortSignal): Promise<void> {
    if (target.kind === "name") this.names.set(target.name, value);
    else if (target.kind === "attribute") {
      const of = await this.#remote(await this.#value(target.of, signal), signal);
      await of.$setAttr(target.name, value);
    } else if (target.kind === "item") {
      const [of, key] = await this.#all([target.of, target.key], signal);
      if (!isRemote(of)) throw new PythonSyntaxError("only items of what is in Python can be assigned to");
      await this.#operate("setitem", [of, key, value], signal);
    }
  }

  #object(name: string, operands: readonly unknown[], signal: AbortSignal): Promise<RemoteObject> {
    return this.#operate(name, operands, signal).$object();
  }

  #operate(name: string, operands: readonly unknown[], signal: AbortSignal): Pending {
    const parts = { operation: OPERATION.OPERATOR, path: name, args: operands, options: { signal } };
    return stateOf(this.#module).send(parts);
  }
}

function isRemote(value: unknown): value is Remote {
  return expressionOf(value) !== undefined;
}
