import { OPERATION } from "../session/request.ts";
import { pythonTypeOf } from "../status.ts";
import { sendCall } from "./call-expression.ts";
import { stateOf } from "./expression.ts";
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

  /**
   * Calls `__exit__`, once; with the error that happened inside, where one did. True: the context manager wants it to be
   * forgotten.
   */
  async exit(error?: unknown): Promise<boolean> {
    if (this.#left) return false;
    this.#left = true;
    const manager = stateOf(this.#manager);
    const details = error === undefined ? [] : [pythonTypeOf(asThrown(error)), asThrown(error).message];
    const parts = { operation: OPERATION.OPERATOR, path: "exit", args: [this.#manager, ...details] };
    const at = {
      place: () => ({ ...manager.placeAsObject(), target: 0 }),
      describe: () => manager.describe(),
    };
    return (await sendCall(at, this.#options, parts).observe()) === true;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.exit();
  }
}

function asThrown(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}
