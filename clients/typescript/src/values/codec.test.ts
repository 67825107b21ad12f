import { Value } from "@podule/proto/podule/v1/value.ts";
import fc from "fast-check";
import { expect, test } from "vitest";
import { Writer } from "../wire/writer.ts";
import { ArrowData } from "./arrow.ts";
import { ByteArray, ellipsis, FrozenSet, range, slice, tuple } from "./containers.ts";
import { Decoder, NO_OBJECTS } from "./decode.ts";
import { Encoder, ValueError } from "./encode.ts";
import { NdArray } from "./nd-array.ts";
import { Complex, Decimal, Fraction, float } from "./numbers.ts";
import { DataClass, EnumMember, namedTuple } from "./records.ts";
import { PyDate, PyDateTime, PyTime, TimeDelta } from "./times.ts";
import { Uuid } from "./uuid.ts";

/** The value behind a length, as a field would have it. */
function encode(value: unknown): Buffer {
  const writer = new Writer();
  new Encoder(writer).field(0x0a, value);
  const { bytes, externals } = writer.take(1);
  const parts: Uint8Array[] = [];
  let from = 0;
  for (const external of externals) {
    parts.push(bytes.subarray(from, external.at), external.bytes);
    from = external.at;
  }
  parts.push(bytes.subarray(from));
  return Buffer.concat(parts);
}

const decode = (bytes: Buffer): unknown => new Decoder(bytes, NO_OBJECTS).value();
const official = (bytes: Buffer): Value => {
  let at = 0;
  while ((bytes[at++] ?? 0) > 127);
  return Value.decode(bytes.subarray(at));
};
const again = (value: Value): Buffer => {
  const body = Buffer.from(Value.encode(value).finish());
  const head: number[] = [];
  let rest = body.length;
  for (; rest > 127; rest = Math.floor(rest / 128)) head.push((rest % 128) | 128);
  return Buffer.concat([Buffer.from([...head, rest]), body]);
};

const leaf = fc.oneof(
  fc.constantFrom(null, true, false, -0, Number.NaN, Number.POSITIVE_INFINITY, ellipsis),
  fc.integer(),
  fc.maxSafeInteger(),
  fc.bigInt().map((n) => (n >= Number.MIN_SAFE_INTEGER && n <= Number.MAX_SAFE_INTEGER ? Number(n) : n)),
  fc.bigInt({ min: -(2n ** 70n), max: 2n ** 70n }).map((n) => (n === BigInt(Number(n)) ? n + 2n ** 60n : n)),
  fc.double(),
  fc.string({ unit: "binary" }),
  fc.string({ unit: "grapheme", maxLength: 200 }),
  fc.array(fc.integer({ min: 0, max: 0xffff })).map((units) => String.fromCharCode(...units)),
  fc.uint8Array().map((bytes) => new Uint8Array(bytes)),
  fc.uint8Array().map((bytes) => new ByteArray(new Uint8Array(bytes))),
  fc.tuple(fc.double(), fc.double()).map(([re, im]) => new Complex(re, im)),
  fc.uuid().map((uuid) => new Uuid(uuid)),
  fc.float64Array().map((data) => new NdArray(new Float64Array(data))),
  fc.bigInt64Array().map((data) => new NdArray(new BigInt64Array(data), { order: "F" })),
  fc.constantFrom(
    slice(1, null, -1),
    range(0, 10, 2),
    new Decimal("1.10"),
    new Fraction(3, 4),
    new PyDateTime("2026-11-24T16:45:00.000001+01:00", "Europe/Paris", 1),
    new PyDate("2026-11-24"),
    new PyTime("16:45:00", "", 1),
    new TimeDelta(-1, 3, 999_999),
    new EnumMember("m:Color", "RED", 1),
    new ArrowData("polars", new Uint8Array([1, 2])),
  ),
  fc
    .constantFrom("x", "__proto__", "constructor")
    .map((name) => new DataClass("m:Point", ["y", name], [1, 2])),
  fc.constantFrom("x", "length", "__proto__").map((name) =>
    namedTuple<unknown>("m:P", [
      ["y", 1],
      [name, "z"],
    ]),
  ),
);

const { value: anyValue } = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    leaf,
    fc.array(tie("value")),
    fc.array(fc.integer()),
    fc.array(fc.double({ noInteger: true })),
    fc.array(tie("value")).map((items) => tuple(...items)),
    fc.array(leaf).map((items) => new Set(items)),
    fc.array(leaf).map((items) => new FrozenSet(items)),
    fc.array(fc.tuple(leaf, tie("value"))).map((entries) => new Map(entries)),
  ),
}));

test("what is encoded is decoded as it was", () => {
  fc.assert(
    fc.property(anyValue, (value) => {
      expect(decode(encode(value))).toStrictEqual(value);
    }),
    { numRuns: 500 },
  );
});

test("the official codec reads what is encoded, and its bytes are decoded alike", () => {
  fc.assert(
    fc.property(anyValue, (value) => {
      const read = official(encode(value));
      expect(read._unknownFields).toEqual({});
      expect(decode(again(read))).toStrictEqual(value);
    }),
    { numRuns: 500 },
  );
});

test("bytes from anywhere end in a value or in an error, never in anything else", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      try {
        decode(Buffer.from(bytes));
      } catch (error) {
        expect(error).toBeInstanceOf(Error);
      }
    }),
    { numRuns: 2000 },
  );
});

test("JavaScript's own things become Python's", () => {
  const kind = (value: unknown) => official(encode(value)).kind;
  expect(kind(undefined)).toEqual({ $case: "null", value: 0 });
  expect(kind(1)).toEqual({ $case: "int", value: 1n });
  expect(kind(2 ** 60)).toEqual({ $case: "float", value: 2 ** 60 });
  expect(kind(float(1))).toEqual({ $case: "float", value: 1 });
  expect(kind(5n)).toEqual({ $case: "int", value: 5n });
  expect(kind(new Date("2026-11-24T16:45:00.120Z"))).toMatchObject({
    value: { iso: "2026-11-24T16:45:00.120000+00:00" },
  });
  expect(decode(encode({ ["__proto__"]: 1, b: [1, 2.5] }))).toEqual(
    new Map<string, unknown>([
      ["__proto__", 1],
      ["b", [1, 2.5]],
    ]),
  );
  expect(decode(encode(new Complex(-0, 1)))).toStrictEqual(new Complex(-0, 1));
  expect(decode(encode(new Int16Array([1, -2])))).toEqual(new NdArray(new Int16Array([1, -2])));
});

test("what cannot travel is refused with a reason", () => {
  const loop: unknown[] = [];
  loop.push([loop, loop]);
  const twice = [1];
  let deep: unknown[] = [];
  for (let i = 0; i < 50; i++) deep = [deep];
  for (const [value, reason] of [
    [loop, "VALUE_NOT_A_TREE"],
    [[twice, twice], "VALUE_NOT_A_TREE"],
    [deep, "VALUE_TOO_DEEP"],
    [Promise.resolve(1), "VALUE_NOT_SUPPORTED"],
    [Symbol("x"), "VALUE_NOT_SUPPORTED"],
    [() => 1, "VALUE_NOT_SUPPORTED"],
  ] as const) {
    try {
      encode(value);
      expect.unreachable();
    } catch (error) {
      expect(error).toBeInstanceOf(ValueError);
      expect(error).toMatchObject({ reason });
    }
  }
});

test("large bytes are not copied, and their lengths are right at every level", () => {
  const large = new Uint8Array(100_000).fill(7);
  const value = [[large, new Map([["a", new NdArray(new Float64Array(20_000).fill(1.5))]])], "end"];
  expect(decode(encode(value))).toStrictEqual(value);
});
