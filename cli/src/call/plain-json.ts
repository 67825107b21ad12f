import {
  ArrowData,
  ByteArray,
  Complex,
  DataClass,
  Decimal,
  EnumMember,
  Fraction,
  NamedTuple,
  NdArray,
  PyDate,
  PyDateTime,
  PyTime,
  Range,
  Slice,
  TimeDelta,
  Uuid,
} from "../client/podule.ts";

declare global {
  interface JSON {
    /** Of Node 22 on; TypeScript does not know it yet. */
    rawJSON(text: string): object;
  }
}

/**
 * A value as plain JSON: arrays as nested lists, bytes as base64, NaN and infinities as strings, dicts with other keys
 * than strs as lists of pairs, everything else that JSON lacks as its text. Ints keep all their digits.
 */
export function plainJson(value: unknown): string {
  return JSON.stringify(plain(value));
}

function plain(value: unknown): unknown {
  switch (typeof value) {
    case "number":
      return Number.isFinite(value) ? value : String(value);
    case "bigint":
      return JSON.rawJSON(String(value));
    case "symbol":
      return "Ellipsis";
    case "function":
      return String(value);
    case "undefined":
      return null;
    case "object":
      return value === null ? null : plainObject(value);
    default:
      return value;
  }
}

function plainObject(value: object): unknown {
  if (value instanceof NamedTuple)
    return Object.fromEntries(value.$names.map((name, i) => [name, plain(value[i])]));
  if (Array.isArray(value)) return value.map(plain);
  if (value instanceof Set) return [...value].map(plain);
  if (value instanceof Map) return dict(value);
  if (value instanceof NdArray) return plain(value.toNested());
  if (value instanceof Uint8Array) return Buffer.from(value).toString("base64");
  if (value instanceof ByteArray) return Buffer.from(value.bytes).toString("base64");
  if (value instanceof ArrowData) return { kind: value.kind, ipc: Buffer.from(value.ipc).toString("base64") };
  if (value instanceof EnumMember) return plain(value.value);
  if (value instanceof DataClass) {
    return Object.fromEntries(value.$names.map((name, i) => [name, plain(value.$values[i])]));
  }
  if (value instanceof Range || value instanceof Slice) {
    return { start: plain(value.start), stop: plain(value.stop), step: plain(value.step) };
  }
  if (value instanceof TimeDelta) {
    return { days: value.days, seconds: value.seconds, microseconds: value.microseconds };
  }
  if (isText(value)) return String(value);
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, plain(item)]));
}

function dict(value: ReadonlyMap<unknown, unknown>): unknown {
  const entries = [...value];
  const named = entries.every(([key]) => typeof key === "string");
  if (named) return Object.fromEntries(entries.map(([key, item]) => [String(key), plain(item)]));
  return entries.map(([key, item]) => [plain(key), plain(item)]);
}

function isText(value: object): boolean {
  const classes = [Complex, Decimal, Fraction, PyDate, PyDateTime, PyTime, Uuid];
  return classes.some((known) => value instanceof known);
}
