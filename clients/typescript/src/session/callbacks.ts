import { PoduleError } from "../errors.ts";
import { statusOfThrown } from "../status.ts";
import type { Decoder } from "../values/decode.ts";

/** A function of ours that Python can call. */
export type Callback = (...args: unknown[]) => unknown;

const MAX_FUNCTIONS = 65_536;

/** The functions that were passed to Python in one session. */
export class Callbacks {
  readonly #ids = new Map<object, number>();
  readonly #functions = new Map<number, Callback>();
  #next = 1;

  /** The id of a function; the same for the same function. It stays until the session ends. */
  idOf(identity: object, callback: Callback): number {
    const known = this.#ids.get(identity);
    if (known !== undefined) return known;
    if (this.#ids.size >= MAX_FUNCTIONS) {
      throw new PoduleError({
        code: "RESOURCE_EXHAUSTED",
        reason: "TOO_MANY_CALLBACKS",
        message: `a session can hold ${MAX_FUNCTIONS} functions; pass the same function again rather than a new one`,
      });
    }
    const id = this.#next++;
    this.#ids.set(identity, id);
    this.#functions.set(id, callback);
    return id;
  }

  /** Runs one; its value, or the Status of what it threw. */
  async run(id: number, args: unknown[]): Promise<{ value: unknown } | { error: Uint8Array }> {
    const callback = this.#functions.get(id);
    try {
      if (callback === undefined) throw new Error(`there is no function ${id} in this session`);
      return { value: await callback(...args) };
    } catch (thrown) {
      return { error: statusOfThrown(thrown) };
    }
  }

  clear(): void {
    this.#ids.clear();
    this.#functions.clear();
  }
}

/** The arguments in a CallRequest; keyword arguments are one Map behind the others. */
export function callbackArguments(
  decoder: Decoder,
  buffer: Buffer,
  start: number,
  end: number,
  owned: boolean,
): unknown[] {
  const reader = decoder.reset(buffer, start, end, owned);
  const args: unknown[] = [];
  const kwargs = new Map<unknown, unknown>();
  while (reader.pos < end) {
    const tag = reader.varint();
    if (tag === 0x1a) args.push(decoder.value());
    else if (tag === 0x22) {
      let name = "";
      let value: unknown = null;
      decoder.fields((field) => {
        if (field === 0x0a) name = reader.string();
        else if (field === 0x12) value = decoder.value();
        else reader.skipField(field);
      });
      kwargs.set(name, value);
    } else reader.skipField(tag);
  }
  if (kwargs.size > 0) args.push(kwargs);
  return args;
}
