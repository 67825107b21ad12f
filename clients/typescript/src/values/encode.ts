import type { Writer } from "../wire/writer.ts";
import { ArrowData, arrowKindNumber } from "./arrow.ts";
import { ByteArray, ellipsis, FrozenSet, Range, Slice, Tuple } from "./containers.ts";
import type { ArrayElements } from "./dtype.ts";
import { bigInt, packedFloats, packedInts, surrogatePass } from "./encode-parts.ts";
import { NdArray } from "./nd-array.ts";
import { Complex, Decimal, Fraction, PyFloat } from "./numbers.ts";
import { DataClass, EnumMember, NamedTuple } from "./records.ts";
import { fromTemporal } from "./temporal.ts";
import { PyDate, PyDateTime, PyTime, TimeDelta } from "./times.ts";
import { Uuid } from "./uuid.ts";

const MAX_DEPTH = 48;

/** The argument cannot travel. */
export class ValueError extends TypeError {
  readonly reason: string;
  constructor(reason: string, message: string) {
    super(message);
    this.name = "ValueError";
    this.reason = reason;
  }
}

/** Writes values; what is no value (remote objects, functions) it asks its owner about. */
export class Encoder {
  readonly writer: Writer;
  readonly #foreign: (value: object) => Identity | undefined;
  /** Containers met in the value that is being written: each may be there once. */
  #first: object | undefined;
  #seen: Set<object> | undefined;

  constructor(writer: Writer, foreign: (value: object) => Identity | undefined = () => undefined) {
    this.writer = writer;
    this.#foreign = foreign;
  }

  /** One Value as the field with this one-byte tag. */
  field(tag: number, value: unknown): void {
    this.#first = undefined;
    this.#seen = undefined;
    this.#field(tag, value, 0);
  }

  #field(tag: number, value: unknown, depth: number): void {
    const { writer } = this;
    writer.tag(tag);
    // The short ones have a length of one byte, known when they are written.
    const start = writer.begin();
    this.#value(value, depth);
    writer.end(start);
  }

  #value(value: unknown, depth: number): void {
    const { writer } = this;
    switch (typeof value) {
      case "number":
        this.#number(value);
        return;
      case "string":
        if (value.isWellFormed()) {
          writer.tag(0x2a);
          writer.string(value);
        } else {
          writer.tag(0x7a);
          writer.bytes(surrogatePass(value));
        }
        return;
      case "boolean":
        writer.tag(0x10);
        writer.varint(value ? 1 : 0);
        return;
      case "undefined":
        writer.tag(0x08);
        writer.varint(0);
        return;
      case "bigint":
        this.#bigint(value);
        return;
      case "symbol":
        if (value !== ellipsis) throw new ValueError("VALUE_NOT_SUPPORTED", "a symbol is no Python value");
        writer.longTag(0x90);
        writer.varint(1);
        return;
      case "function":
        this.#owned(value, depth, "a function can be passed only in a session");
        return;
      case "object":
        if (value === null) {
          writer.tag(0x08);
          writer.varint(0);
        } else this.#object(value, depth);
        return;
    }
  }

  #number(value: number): void {
    const { writer } = this;
    if (Number.isSafeInteger(value) && !Object.is(value, -0)) {
      writer.tag(0x18);
      if (value >= -0x4000_0000 && value < 0x4000_0000) writer.varint(((value << 1) ^ (value >> 31)) >>> 0);
      else if (value >= -0x10_0000_0000_0000 && value < 0x10_0000_0000_0000) {
        writer.varint(value >= 0 ? value * 2 : -value * 2 - 1);
      } else writer.varint64(value >= 0 ? BigInt(value) << 1n : (BigInt(-value) << 1n) - 1n);
      return;
    }
    writer.tag(0x21);
    writer.double(value);
  }

  #bigint(value: bigint): void {
    const { writer } = this;
    if (BigInt.asIntN(64, value) === value) {
      writer.tag(0x18);
      writer.varint64((value << 1n) ^ (value >> 63n));
    } else {
      writer.tag(0x6a);
      writer.bytes(bigInt(value));
    }
  }

  #owned(value: object, depth: number, otherwise: string): void {
    const { writer } = this;
    const owned = this.#foreign(value);
    if (owned === undefined) throw new ValueError("VALUE_NOT_SUPPORTED", otherwise);
    if (owned.kind === "value") {
      this.#value(owned.value, depth);
      return;
    }
    writer.longTag(owned.kind === "object" ? 0x102 : 0x10a);
    const start = writer.begin();
    writer.tag(0x08);
    writer.varint(owned.id);
    writer.end(start);
  }

  #enter(container: object, depth: number): void {
    if (depth >= MAX_DEPTH) {
      throw new ValueError("VALUE_TOO_DEEP", `a value may be at most ${MAX_DEPTH} containers deep`);
    }
    if (this.#first === undefined) {
      this.#first = container;
      return;
    }
    this.#seen ??= new Set([this.#first]);
    if (this.#seen.has(container)) {
      throw new ValueError(
        "VALUE_NOT_A_TREE",
        "a value contains itself, or the same container twice; pass copies",
      );
    }
    this.#seen.add(container);
  }

  #object(value: object, depth: number): void {
    const { writer } = this;
    if (Array.isArray(value)) {
      this.#enter(value, depth);
      if (value instanceof NamedTuple) this.#record(0xda, value.$type, value.$names, value, depth);
      else if (value instanceof Tuple) this.#list(0x42, value, depth);
      else this.#list(0x3a, value, depth);
    } else if (ArrayBuffer.isView(value)) this.#view(value);
    else if (value instanceof Map) {
      this.#enter(value, depth);
      this.#dict(value.entries(), depth);
    } else if (value instanceof Set) {
      this.#enter(value, depth);
      this.#list(value instanceof FrozenSet ? 0x52 : 0x4a, [...value], depth);
    } else if (isPlain(value)) {
      this.#enter(value, depth);
      this.#dict(Object.entries(value), depth);
    } else if (value instanceof NdArray) this.#ndarray(value);
    else if (value instanceof Date) this.#time(0xaa, PyDateTime.from(value));
    else if (value instanceof ArrayBuffer || value instanceof SharedArrayBuffer) {
      writer.tag(0x32);
      writer.bytes(new Uint8Array(value));
    } else this.#special(value, depth);
  }

  #special(value: object, depth: number): void {
    const { writer } = this;
    if (value instanceof PyFloat) {
      writer.tag(0x21);
      writer.double(value.value);
    } else if (value instanceof Complex) {
      writer.tag(0x72);
      const start = writer.begin();
      writer.tag(0x09);
      writer.double(value.real);
      writer.tag(0x11);
      writer.double(value.imag);
      writer.end(start);
    } else if (value instanceof Slice) this.#parts(0x82, [value.start, value.stop, value.step], depth);
    else if (value instanceof Range) this.#parts(0x8a, [value.start, value.stop, value.step], depth);
    else if (value instanceof Fraction) this.#parts(0xa2, [value.numerator, value.denominator], depth);
    else if (value instanceof Decimal) this.#text(0x9a, value.text);
    else if (value instanceof PyDateTime) this.#time(0xaa, value);
    else if (value instanceof PyDate) this.#text(0xb2, value.iso);
    else if (value instanceof PyTime) this.#time(0xba, value);
    else if (value instanceof TimeDelta) this.#timeDelta(value);
    else if (value instanceof Uuid) {
      writer.longTag(0xca);
      writer.bytes(value.bytes);
    } else if (value instanceof EnumMember) {
      writer.longTag(0xd2);
      const start = writer.begin();
      writer.tag(0x0a);
      writer.string(value.type);
      writer.tag(0x12);
      writer.string(value.name);
      this.#field(0x1a, value.value, depth + 1);
      writer.end(start);
    } else if (value instanceof DataClass) {
      this.#enter(value, depth);
      this.#record(0xe2, value.$type, value.$names, value.$values, depth);
    } else if (value instanceof ArrowData) {
      writer.longTag(0xea);
      const start = writer.begin();
      writer.tag(0x08);
      writer.varint(arrowKindNumber(value.kind));
      writer.tag(0x12);
      writer.bytes(value.ipc);
      writer.end(start);
    } else if (value instanceof ByteArray) {
      writer.longTag(0xfa);
      writer.bytes(value.bytes);
    } else this.#unknown(value, depth);
  }

  #unknown(value: object, depth: number): void {
    const temporal = fromTemporal(value);
    if (temporal !== undefined) {
      this.#special(temporal, depth);
      return;
    }
    const hint = typeof Reflect.get(value, "then") === "function" ? "; await it first" : "";
    this.#owned(value, depth, `a ${value.constructor?.name ?? "object"} is no Python value${hint}`);
  }

  #text(tag: number, text: string): void {
    this.writer.longTag(tag);
    this.writer.string(text);
  }

  #parts(tag: number, parts: readonly unknown[], depth: number): void {
    const { writer } = this;
    writer.longTag(tag);
    const start = writer.begin();
    parts.forEach((part, i) => {
      if (part !== null && part !== undefined) this.#field(((i + 1) << 3) | 2, part, depth + 1);
    });
    writer.end(start);
  }

  #time(tag: number, time: PyDateTime | PyTime): void {
    const { writer } = this;
    writer.longTag(tag);
    const start = writer.begin();
    writer.tag(0x0a);
    writer.string(time.iso);
    if (time.zone !== "") {
      writer.tag(0x12);
      writer.string(time.zone);
    }
    if (time.fold === 1) {
      writer.tag(0x18);
      writer.varint(1);
    }
    writer.end(start);
  }

  #timeDelta(delta: TimeDelta): void {
    const { writer } = this;
    writer.longTag(0xc2);
    const start = writer.begin();
    writer.tag(0x08);
    writer.varint(delta.days >= 0 ? delta.days * 2 : -delta.days * 2 - 1);
    writer.tag(0x10);
    writer.varint(delta.seconds);
    writer.tag(0x18);
    writer.varint(delta.microseconds);
    writer.end(start);
  }

  #record(
    tag: number,
    type: string,
    names: readonly string[],
    values: readonly unknown[],
    depth: number,
  ): void {
    const { writer } = this;
    writer.longTag(tag);
    const start = writer.begin();
    writer.tag(0x0a);
    writer.string(type);
    for (const name of names) {
      writer.tag(0x12);
      writer.string(name);
    }
    for (const value of values) this.#field(0x1a, value, depth + 1);
    writer.end(start);
  }

  #list(tag: number, items: readonly unknown[], depth: number): void {
    const { writer } = this;
    writer.tag(tag);
    const start = writer.begin();
    if (!packedInts(writer, items) && !packedFloats(writer, items)) {
      for (const item of items) this.#field(0x0a, item, depth + 1);
    }
    writer.end(start);
  }

  #dict(entries: Iterable<readonly [unknown, unknown]>, depth: number): void {
    const { writer } = this;
    writer.tag(0x5a);
    const start = writer.begin();
    for (const [key, value] of entries) {
      this.#field(0x0a, key, depth + 1);
      this.#field(0x12, value, depth + 1);
    }
    writer.end(start);
  }

  #view(view: ArrayBufferView): void {
    if (view instanceof Uint8Array) {
      this.writer.tag(0x32);
      this.writer.bytes(view);
    } else if (isElements(view)) this.#ndarray(new NdArray(view));
    else {
      this.writer.tag(0x32);
      this.writer.bytes(new Uint8Array(view.buffer, view.byteOffset, view.byteLength));
    }
  }

  #ndarray(array: NdArray): void {
    const { writer } = this;
    writer.tag(0x62);
    const start = writer.begin();
    if (array.descr === "") {
      writer.tag(0x0a);
      writer.string(array.dtype);
    }
    if (array.shape.length > 0) {
      writer.tag(0x12);
      const shape = writer.begin();
      for (const length of array.shape) writer.varint(length);
      writer.end(shape);
    }
    writer.tag(0x1a);
    const { data } = array;
    writer.bytes(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
    if (array.order === "F") {
      writer.tag(0x20);
      writer.varint(1);
    }
    if (array.scalar) {
      writer.tag(0x28);
      writer.varint(1);
    }
    if (array.descr !== "") {
      writer.tag(0x32);
      writer.string(array.descr);
    }
    writer.end(start);
  }
}

/** What an argument stands for that is no value itself. */
export type Identity =
  | { readonly kind: "object" | "callback"; readonly id: number }
  | { readonly kind: "value"; readonly value: unknown };

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

function isElements(view: ArrayBufferView): view is ArrayElements {
  return (
    !(view instanceof DataView) &&
    !(view instanceof Uint8ClampedArray) &&
    view.constructor.name !== "Float16Array"
  );
}
