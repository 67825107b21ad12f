/** A Python tuple: an Array in every other way. */
export class Tuple<T = unknown> extends Array<T> {
  static override get [Symbol.species](): ArrayConstructor {
    return Array;
  }
  static override of<T>(...items: T[]): Tuple<T> {
    const tuple = new Tuple<T>(items.length);
    for (let i = 0; i < items.length; i++) {
      const item = items[i];
      if (i in items) tuple[i] = item as T;
    }
    return tuple;
  }
}

/** A Python tuple of these items. */
export function tuple<T extends unknown[]>(...items: T): Tuple<T[number]> {
  return Tuple.of<T[number]>(...items);
}

/** A Python frozenset: a Set in every other way. */
export class FrozenSet<T = unknown> extends Set<T> {}

/** A Python bytearray. */
export class ByteArray {
  readonly bytes: Uint8Array;
  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }
}

/** A Python slice: `slice(1, 5)` is `[1:5]`, `slice(null, null, -1)` is `[::-1]`. */
export class Slice {
  readonly start: unknown;
  readonly stop: unknown;
  readonly step: unknown;
  constructor(start: unknown, stop: unknown, step: unknown) {
    this.start = start;
    this.stop = stop;
    this.step = step;
  }
}

/** As in Python: `slice(stop)`, `slice(start, stop)`, `slice(start, stop, step)`. */
export function slice(...parts: [stop: unknown] | [start: unknown, stop: unknown, step?: unknown]): Slice {
  if (parts.length === 1) return new Slice(null, parts[0], null);
  return new Slice(parts[0], parts[1], parts[2] ?? null);
}

type Int = number | bigint;

/** A Python range. */
export class Range {
  readonly start: Int;
  readonly stop: Int;
  readonly step: Int;
  constructor(start: Int, stop: Int, step: Int) {
    this.start = start;
    this.stop = stop;
    this.step = step;
  }
  *[Symbol.iterator](): Generator<Int> {
    const { start, stop, step } = this;
    if (typeof start === "number" && typeof stop === "number" && typeof step === "number") {
      for (let i = start; step > 0 ? i < stop : i > stop; i += step) yield i;
      return;
    }
    const [from, to, by] = [BigInt(start), BigInt(stop), BigInt(step)];
    for (let i = from; by > 0n ? i < to : i > to; i += by) yield i;
  }
}

/** As in Python: `range(stop)`, `range(start, stop)`, `range(start, stop, step)`. */
export function range(...parts: [stop: Int] | [start: Int, stop: Int, step?: Int]): Range {
  if (parts.length === 1) return new Range(0, parts[0], 1);
  return new Range(parts[0], parts[1], parts[2] ?? 1);
}

/** Python's Ellipsis: `a[..., 0]` is `a.$item(tuple(ellipsis, 0))`. */
export const ellipsis: unique symbol = Symbol("Ellipsis");
