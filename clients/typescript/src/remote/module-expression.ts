import type { ResultMode } from "../session/call-sink.ts";
import type { Session } from "../session/session.ts";
import { sendCall } from "./call-expression.ts";
import { Expression } from "./expression.ts";
import { childOf, PathExpression, placeOfRead } from "./path-expression.ts";
import type { Place } from "./send.ts";
import type { CallOptions } from "./types.ts";

/** Gives the session that new calls of a module go to. */
export interface SessionSource {
  readonly module: string;
  session(): Session;
  close(): Promise<void>;
}

/** A module: what every path begins at. */
export class ModuleExpression extends Expression {
  readonly thenable = false;
  readonly options: CallOptions | undefined;
  readonly source: SessionSource;
  readonly #children = new Map<string, unknown>();

  constructor(source: SessionSource, options?: CallOptions) {
    super();
    this.source = source;
    this.options = options;
  }

  base(): this {
    return this;
  }

  path(): string {
    return "";
  }

  place(): Place {
    return { session: this.source.session(), target: 0 };
  }

  /** Where the module itself, as an object, is. */
  placeAsObject(): Place {
    return placeOfRead(this, () => sendCall(this, this.options, { operation: 1, path: "", args: [] }));
  }

  describe(): string {
    return `[module ${this.source.module}]`;
  }

  with(options: CallOptions): ModuleExpression {
    return new ModuleExpression(this.source, { ...this.options, ...options });
  }

  child(name: string): unknown {
    return childOf(this.#children, name, () => new PathExpression(this, name, this.options, true));
  }

  override member(name: string): unknown {
    return name === "$close" ? closeModule(this.source) : super.member(name);
  }

  override symbol(name: symbol): unknown {
    return name === Symbol.asyncDispose ? closeModule(this.source) : super.symbol(name);
  }

  observe(mode?: ResultMode): Promise<unknown> {
    return sendCall(this, this.options, { operation: 1, path: "", args: [] }).observe(mode);
  }
}

function closeModule(source: SessionSource): () => Promise<void> {
  return () => source.close();
}
