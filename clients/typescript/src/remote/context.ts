import { sendCall } from "./call-expression.ts";
import { expressionOf } from "./expression.ts";
import type { CallOptions } from "./types.ts";

/** An entered context manager: leaves at the end of `await using`. */
export class Context {
  /** What `__enter__` gave. */
  readonly value: unknown;
  readonly #manager: unknown;
  readonly #options: CallOptions | undefined;
  #left = false;

  constructor(manager: unknown, value: unknown, options: CallOptions | undefined) {
    this.#manager = manager;
    this.value = value;
    this.#options = options;
  }

  /** Calls `__exit__`, once. */
  async exit(): Promise<void> {
    if (this.#left) return;
    this.#left = true;
    const place = expressionOf(this.#manager);
    if (place === undefined) return;
    await sendCall(place.base(), this.#options, {
      operation: 4,
      path: "exit",
      args: [this.#manager],
    }).observe();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.exit();
  }
}
