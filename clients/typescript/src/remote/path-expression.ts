import type { ResultMode } from "../session/call-sink.ts";
import { Again, type Findings } from "./again.ts";
import { sendCall } from "./call-expression.ts";
import { Expression, join, proxyOf } from "./expression.ts";
import { currentFindings, type Place, type Placed } from "./send.ts";
import type { CallOptions } from "./types.ts";

/** An attribute, by its path from something: read when it is awaited, each time anew. */
export class PathExpression extends Expression {
  readonly thenable = true;
  readonly options: CallOptions | undefined;
  readonly #base: Placed;
  readonly #path: string;
  readonly #children: Map<string, unknown> | undefined;

  /** `cached`: attributes of modules are asked for again and again. */
  constructor(base: Placed, path: string, options: CallOptions | undefined, cached: boolean) {
    super();
    this.#base = base;
    this.#path = path;
    this.options = options;
    this.#children = cached ? new Map() : undefined;
  }

  base(): Placed {
    return this.#base;
  }

  path(): string {
    return this.#path;
  }

  describe(): string {
    return `${this.#base.describe()}.${this.#path}`;
  }

  with(options: CallOptions): PathExpression {
    return new PathExpression(this.#base, this.#path, { ...this.options, ...options }, false);
  }

  child(name: string): unknown {
    return childOf(this.#children, name, () => {
      return new PathExpression(
        this.#base,
        join(this.#path, name),
        this.options,
        this.#children !== undefined,
      );
    });
  }

  observe(mode?: ResultMode): Promise<unknown> {
    return sendCall(this.#base, this.options, { operation: 1, path: this.#path, args: [] }).observe(mode);
  }

  placeAsObject(): Place {
    return this.place();
  }

  /** As an argument, or as what something begins at, it is read first, in the same message. */
  place(): Place {
    return placeOfRead(this, () =>
      sendCall(this.#base, this.options, { operation: 1, path: this.#path, args: [] }),
    );
  }
}

/** Where an expression is once it has been read as an object. */
export function placeOfRead(expression: Expression, read: () => Placed): Place {
  const known = currentFindings()?.get(expression);
  if (known instanceof Expression) return known.base().place();
  throw new Again((findings: Findings) => {
    findings.set(expression, read());
    return undefined;
  });
}

const MAX_CHILDREN = 4096;

export function childOf(
  cache: Map<string, unknown> | undefined,
  name: string,
  make: () => Expression,
): unknown {
  const known = cache?.get(name);
  if (known !== undefined) return known;
  const child: unknown = proxyOf(make());
  if (cache !== undefined && cache.size < MAX_CHILDREN) cache.set(name, child);
  return child;
}
