import { type NdArray, Value } from "@podule/proto/podule/v1/value.ts";

type Kind = NonNullable<Value["kind"]>;

export function value(kind: Kind, dtype = ""): Value {
  return { kind, dtype };
}

/** As it comes over the wire: what `toEqual` compares an answer with. */
export function received(sent: Value): Value {
  return Value.decode(Value.encode(sent).finish());
}

export const none = value({ $case: "null", value: 0 });
export const bool = (b: boolean, dtype?: string) => value({ $case: "bool", value: b }, dtype);
export const int = (i: number | bigint, dtype?: string) => value({ $case: "int", value: BigInt(i) }, dtype);
export const float = (f: number, dtype?: string) => value({ $case: "float", value: f }, dtype);
export const str = (s: string) => value({ $case: "str", value: s });
export const bytes = (b: Uint8Array | string) => value({ $case: "bytes", value: Buffer.from(b) });
export const json = (j: unknown) => value({ $case: "json", value: j });
export const list = (...items: Value[]) => value({ $case: "list", value: { items, ints: [], floats: [] } });
export const tuple = (...items: Value[]) => value({ $case: "tuple", value: { items, ints: [], floats: [] } });
export const dict = (...entries: (readonly [Value, Value])[]) =>
  value({
    $case: "dict",
    value: { keys: entries.map(([key]) => key), values: entries.map(([, item]) => item) },
  });

export function ndarray(array: Partial<NdArray>): Value {
  const empty = { dtype: "", shape: [], data: Buffer.alloc(0), fortran: false, scalar: false, descr: "" };
  return value({ $case: "ndarray", value: { ...empty, ...array } });
}

/** A float64 vector. */
export function float64s(numbers: readonly number[]): Value {
  const data = Buffer.from(Float64Array.from(numbers).buffer);
  return ndarray({ dtype: "<f8", shape: [BigInt(numbers.length)], data });
}

/** What a test usually wants to see of a scalar or a list of them, without its wire form. */
export function plain(v: Value | undefined): unknown {
  const kind = v?.kind;
  if (kind === undefined) return undefined;
  switch (kind.$case) {
    case "null":
      return null;
    case "int":
      return Number(kind.value);
    case "list":
    case "tuple":
    case "set":
    case "frozenset":
      return [...kind.value.items.map(plain), ...kind.value.ints.map(Number), ...kind.value.floats];
    case "dict": {
      const values = kind.value.values.map(plain);
      return Object.fromEntries(kind.value.keys.map((key, i) => [String(plain(key)), values[i]]));
    }
    default:
      return kind.value;
  }
}
