import { CallResponse } from "@podule/proto/podule/v1/calls.ts";
import type { Value } from "@podule/proto/podule/v1/value.ts";
import { Decoder, NO_OBJECTS, PyFloat } from "../client/podule.ts";

/** What `readArgument` gives, as the API's message. */
export function toMessage(value: unknown): Value {
  if (value instanceof ObjectArgument) {
    return of({ $case: "object", value: { id: value.id, type: "", value: undefined, callable: false } });
  }
  if (value instanceof PyFloat) return of({ $case: "float", value: value.value });
  if (Array.isArray(value)) return list(value.map(toMessage));
  switch (typeof value) {
    case "boolean":
      return of({ $case: "bool", value });
    case "string":
      return of({ $case: "str", value });
    case "number":
      return of({ $case: "int", value: BigInt(value) });
    case "bigint":
      return value === BigInt.asIntN(64, value)
        ? of({ $case: "int", value })
        : of({ $case: "bigInt", value: bigEndian(value) });
    case "object":
      return value === null ? of({ $case: "null", value: 0 }) : dict(Object.entries(value));
    default:
      throw new TypeError(`not a value of JSON: ${typeof value}`);
  }
}

/** An object of the session, as an argument. */
export class ObjectArgument {
  readonly id: bigint;
  constructor(id: bigint) {
    this.id = id;
  }
}

/** The API's message as the client gives values. */
export function fromMessage(result: Value): unknown {
  const bytes = Buffer.from(CallResponse.encode({ result, session: "" }).finish());
  const decoder = new Decoder(bytes, NO_OBJECTS);
  // Behind the tag of `result` is the value with its length.
  decoder.reset(bytes, 1, bytes.length, false);
  return decoder.value();
}

function of(kind: NonNullable<Value["kind"]>): Value {
  return { kind, dtype: "" };
}

function list(items: Value[]): Value {
  return of({ $case: "list", value: { items, ints: [], floats: [] } });
}

function dict(entries: readonly [string, unknown][]): Value {
  const keys = entries.map(([key]) => toMessage(key));
  return of({ $case: "dict", value: { keys, values: entries.map(([, item]) => toMessage(item)) } });
}

/** Two's complement, shortest form. */
function bigEndian(value: bigint): Buffer {
  let bytes = 1;
  while (BigInt.asIntN(bytes * 8, value) !== value) bytes++;
  const hex = BigInt.asUintN(bytes * 8, value).toString(16);
  return Buffer.from(hex.padStart(bytes * 2, "0"), "hex");
}
