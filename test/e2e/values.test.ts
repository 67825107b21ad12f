import { Value } from "@podule/proto/podule/v1/value.ts";
import { describe, expect, test } from "vitest";
import { failure } from "../stack/call-failure.ts";
import { useStack } from "../stack/use-stack.ts";
import {
  bool,
  bytes,
  dict,
  float,
  float64s,
  int,
  json,
  list,
  ndarray,
  none,
  plain,
  received,
  str,
  tuple,
  value,
} from "../stack/values.ts";

const running = useStack({ probe: true, probeDependency: ["numpy"] });
const call = (...args: Parameters<typeof running.stack.connection.call>) =>
  running.stack.connection.call(...args);

const sequence = (...items: Value[]) => ({ items, ints: [], floats: [] });
const big = (hexadecimal: string) => value({ $case: "bigInt", value: Buffer.from(hexadecimal, "hex") });
const record = (type: string, names: string[], values: Value[]) => ({ type, names, values });
const at = (iso: string, zone = "", fold = 0) => ({ iso, zone, fold });

/** What goes in, what Python says it is, and what comes back where that is not the same. */
const scalars: [name: string, sent: Value, seen: string, back?: Value][] = [
  ["None", none, "builtins.NoneType: None"],
  ["True", bool(true), "builtins.bool: True"],
  ["0", int(0), "builtins.int: 0"],
  ["the largest 64-bit int", int(2n ** 63n - 1n), "builtins.int: 9223372036854775807"],
  ["the smallest 64-bit int", int(-(2n ** 63n)), "builtins.int: -9223372036854775808"],
  ["2**63", big("008000000000000000"), "builtins.int: 9223372036854775808"],
  ["-2**63-1", big("ff7fffffffffffffff"), "builtins.int: -9223372036854775809"],
  ["2**200", big(`01${"00".repeat(25)}`), `builtins.int: ${2n ** 200n}`],
  ["-2**200", big(`ff${"00".repeat(25)}`), `builtins.int: ${-(2n ** 200n)}`],
  ["1.0", float(1), "builtins.float: 1.0"],
  ["-0.0", float(-0), "builtins.float: -0.0"],
  ["NaN", float(Number.NaN), "builtins.float: nan"],
  ["-Infinity", float(Number.NEGATIVE_INFINITY), "builtins.float: -inf"],
  ["5e-324", float(5e-324), "builtins.float: 5e-324"],
  ["str", str("a\0é🎉\u2028"), "builtins.str: 'a\\x00é🎉\\u2028'"],
  ["the empty str", str(""), "builtins.str: ''"],
  [
    "a lone surrogate",
    value({ $case: "surrogateStr", value: Buffer.from("61eda080", "hex") }),
    "builtins.str: 'a\\ud800'",
  ],
  ["bytes", bytes(Buffer.from("00ff80", "hex")), "builtins.bytes: b'\\x00\\xff\\x80'"],
  [
    "bytearray",
    value({ $case: "bytearray", value: Buffer.from("hi") }),
    "builtins.bytearray: bytearray(b'hi')",
  ],
  [
    "complex",
    value({ $case: "complex", value: { real: 1.5, imag: Number.NaN } }),
    "builtins.complex: (1.5+nanj)",
  ],
  ["Ellipsis", value({ $case: "ellipsis", value: true }), "builtins.ellipsis: Ellipsis"],
  [
    "slice",
    value({ $case: "slice", value: { start: none, stop: int(2), step: none } }),
    "builtins.slice: slice(None, 2, None)",
    value({ $case: "slice", value: { stop: int(2) } }),
  ],
  [
    "range",
    value({ $case: "range", value: { start: int(1), stop: int(9), step: int(2) } }),
    "builtins.range: range(1, 9, 2)",
  ],
  ["Decimal", value({ $case: "decimal", value: "1.10" }), "decimal.Decimal: Decimal('1.10')"],
  [
    "Fraction",
    value({ $case: "fraction", value: { numerator: int(-1), denominator: big("010000000000000000") } }),
    "fractions.Fraction: Fraction(-1, 18446744073709551616)",
  ],
  ["date", value({ $case: "date", value: "2026-11-24" }), "datetime.date: datetime.date(2026, 11, 24)"],
  [
    "datetime",
    value({ $case: "datetime", value: at("2026-11-24T16:45:00.000001") }),
    "datetime.datetime: datetime.datetime(2026, 11, 24, 16, 45, 0, 1)",
  ],
  [
    "datetime with an offset",
    value({ $case: "datetime", value: at("2026-11-24T16:45:00+01:00") }),
    "datetime.datetime: datetime.datetime(2026, 11, 24, 16, 45, tzinfo=datetime.timezone(datetime.timedelta(seconds=3600)))",
  ],
  [
    "datetime in a zone, the second of two",
    value({ $case: "datetime", value: at("2026-10-25T02:30:00+01:00", "Europe/Paris", 1) }),
    "datetime.datetime: datetime.datetime(2026, 10, 25, 2, 30, fold=1, tzinfo=zoneinfo.ZoneInfo(key='Europe/Paris'))",
  ],
  ["time", value({ $case: "time", value: at("16:45:00") }), "datetime.time: datetime.time(16, 45)"],
  [
    "timedelta",
    value({ $case: "timedelta", value: { days: -1n, seconds: 86399, microseconds: 999999 } }),
    "datetime.timedelta: datetime.timedelta(days=-1, seconds=86399, microseconds=999999)",
  ],
  [
    "UUID",
    value({ $case: "uuid", value: Buffer.from("0123456789abcdef0123456789abcdef", "hex") }),
    "uuid.UUID: UUID('01234567-89ab-cdef-0123-456789abcdef')",
  ],
  [
    "JSON",
    json({ a: [1, 1.5, "x", null, true], b: 2 ** 53, c: 2 ** 60 }),
    "builtins.dict: {'a': [1, 1.5, 'x', None, True], 'b': 9007199254740992, 'c': 1.152921504606847e+18}",
    dict(
      [str("a"), list(int(1), float(1.5), str("x"), none, bool(true))],
      [str("b"), int(2n ** 53n)],
      [str("c"), float(2 ** 60)],
    ),
  ],
];

const containers: typeof scalars = [
  ["list", list(int(1), str("a"), list()), "builtins.list: [1, 'a', []]"],
  ["tuple", tuple(none, tuple()), "builtins.tuple: (None, ())"],
  ["set", value({ $case: "set", value: sequence(str("a")) }), "builtins.set: {'a'}"],
  [
    "frozenset",
    value({ $case: "frozenset", value: sequence(str("a")) }),
    "builtins.frozenset: frozenset({'a'})",
  ],
  [
    "a dict with keys of every hashable kind, in order",
    dict([tuple(str("z"), none), str("z")], [str("__proto__"), none], [none, list()]),
    "builtins.dict: {('z', None): 'z', '__proto__': None, None: []}",
  ],
  [
    "packed ints",
    value({
      $case: "list",
      value: { items: [], ints: [1n, -(2n ** 63n), 3n, 4n, 5n, 6n, 7n, 8n], floats: [] },
    }),
    "builtins.list: [1, -9223372036854775808, 3, 4, 5, 6, 7, 8]",
  ],
  [
    "packed floats",
    value({
      $case: "list",
      value: { items: [], ints: [], floats: [1, -0, Number.NaN, 4, 5, 6, 7, Number.POSITIVE_INFINITY] },
    }),
    "builtins.list: [1.0, -0.0, nan, 4.0, 5.0, 6.0, 7.0, inf]",
  ],
];

describe.each([
  ["scalar", scalars],
  ["container", containers],
])("%s", (_, cases) => {
  test.each(cases)("%s", async (_name, sent, seen, back = sent) => {
    expect(plain(await call("probe", "describe", [sent]))).toBe(seen);
    const echoed = await call("probe", "echo", [sent]);
    expect(normal(echoed)).toEqual(normal(back));
  });
});

/** Lists may travel packed or not: the same value either way. */
function normal(v: Value | undefined): unknown {
  return JSON.parse(
    JSON.stringify(v, (key, item: unknown) => {
      if (key === "_unknownFields") return undefined;
      if (typeof item === "bigint") return `${item}n`;
      if (typeof item === "number" && !Number.isInteger(item)) return `${item}`;
      if (Object.is(item, -0)) return "-0";
      if (isList(item)) {
        const unpacked = [
          ...item.items,
          ...item.ints.map((i) => int(i)),
          ...item.floats.map((f) => float(f)),
        ];
        return unpacked;
      }
      return item;
    }),
  );
}

function isList(item: unknown): item is { items: Value[]; ints: bigint[]; floats: number[] } {
  return typeof item === "object" && item !== null && "items" in item && "ints" in item && "floats" in item;
}

test("-0.0 in a complex", async () => {
  const back = await call("builtins", "complex", [float(-0), float(Number.NaN)]);
  expect(back?.kind).toMatchObject({ $case: "complex", value: { real: -0, imag: Number.NaN } });
  const sent = value({ $case: "complex", value: { real: -0, imag: -0 } });
  expect((await call("builtins", "repr", [sent]))?.kind).toEqual({ $case: "str", value: "(-0-0j)" });
});

describe("by their types' names", () => {
  test("an enum's member", async () => {
    const red = await call("probe", "colour", [str("RED")]);
    expect(red).toEqual(
      received(value({ $case: "enum", value: { type: "probe:Colour", name: "RED", value: int(1) } })),
    );
    if (red !== undefined)
      expect(plain(await call("probe", "describe", [red]))).toBe("probe.Colour: <Colour.RED: 1>");
  });

  test("a namedtuple", async () => {
    const point = await call("probe", "point");
    expect(point).toEqual(
      received(
        value({ $case: "namedtuple", value: record("probe:Point", ["x", "y"], [int(1), str("two")]) }),
      ),
    );
    if (point !== undefined)
      expect(plain(await call("probe", "describe", [point]))).toBe("probe.Point: Point(x=1, y='two')");
  });

  test("a dataclass", async () => {
    const order = await call("probe", "order");
    expect(order?.kind?.$case).toBe("dataclass");
    if (order !== undefined)
      expect(plain(await call("probe", "describe", [order]))).toBe(
        "probe.Order: Order(item='tea', amount=2, parts=[Point(x=0, y=0), None])",
      );
  });

  test("never code: only these kinds of classes are made from a name", async () => {
    for (const type of [
      "os:system",
      "probe:Opaque",
      "builtins:eval",
      "probe:refuse",
      "nowhere:At",
      "probe",
      "",
    ]) {
      const made = value({ $case: "dataclass", value: record(type, ["command"], [str("true")]) });
      const error = await failure(call("probe", "echo", [made]));
      expect(error.code).toBe("INVALID_ARGUMENT");
      expect(error.fields).toEqual([expect.stringContaining("args[0]")]);
    }
  });
});

describe("what is no value", () => {
  test("an object: refused with its type and what to do", async () => {
    const error = await failure(call("probe", "opaque"));
    expect(error.code).toBe("FAILED_PRECONDITION");
    expect(error.details).toContain("Opaque");
  });

  test("cycles and shared containers: with the path of the second occurrence", async () => {
    const cycle = await failure(call("probe", "cycle"));
    expect([cycle.code, cycle.reason]).toEqual(["FAILED_PRECONDITION", "VALUE_NOT_A_TREE"]);
    expect(cycle.details).toContain("again");
    const shared = await failure(call("probe", "shared"));
    expect([shared.code, shared.reason]).toEqual(["FAILED_PRECONDITION", "VALUE_NOT_A_TREE"]);
    expect(shared.details).toContain("second");
  });

  test("48 containers deep, not more", async () => {
    expect((await call("probe", "deep", [int(48)]))?.kind?.$case).toBe("list");
    expect((await failure(call("probe", "deep", [int(49)]))).code).toBe("FAILED_PRECONDITION");
    expect((await failure(call("probe", "deep", [int(100_000)]))).code).toBe("FAILED_PRECONDITION");
  });

  test("a Value without a kind", async () => {
    const error = await failure(call("probe", "echo", [{ kind: undefined, dtype: "" }]));
    expect([error.code, error.fields]).toEqual(["INVALID_ARGUMENT", [expect.stringContaining("args[0]")]]);
  });
});

const hex = (text: string) => Buffer.from(text, "hex");
const f4 = (...numbers: number[]) => Buffer.from(Float32Array.from(numbers).buffer);
const i8 = (...numbers: bigint[]) => Buffer.from(BigInt64Array.from(numbers).buffer);

const arrays: [name: string, sent: Value, facts: object][] = [
  ["float64", float64s([1, -0, Number.NaN]), { dtype: "<f8", shape: [3] }],
  [
    "float32, 2-d",
    ndarray({ dtype: "<f4", shape: [2n, 2n], data: f4(1, 2, 3, 4) }),
    {
      shape: [2, 2],
      list: [
        [1, 2],
        [3, 4],
      ],
    },
  ],
  [
    "Fortran order",
    ndarray({ dtype: "<f4", shape: [2n, 2n], data: f4(1, 2, 3, 4), fortran: true }),
    {
      fortran: true,
      list: [
        [1, 3],
        [2, 4],
      ],
    },
  ],
  ["bool", ndarray({ dtype: "|b1", shape: [2n], data: hex("0100") }), { dtype: "|b1", list: [true, false] }],
  ["uint8", ndarray({ dtype: "|u1", shape: [2n], data: hex("ff00") }), { list: [255, 0] }],
  ["int16", ndarray({ dtype: "<i2", shape: [1n], data: hex("ffff") }), { list: [-1] }],
  ["float16", ndarray({ dtype: "<f2", shape: [1n], data: hex("003c") }), { list: [1] }],
  ["complex128", ndarray({ dtype: "<c16", shape: [1n], data: Buffer.alloc(16) }), { list: "[0j]" }],
  ["str", ndarray({ dtype: "<U2", shape: [1n], data: hex("6100000000000000") }), { list: "['a']" }],
  ["bytes", ndarray({ dtype: "|S2", shape: [1n], data: hex("6100") }), { list: "[b'a']" }],
  [
    "datetime64",
    ndarray({ dtype: "<M8[D]", shape: [2n], data: i8(0n, -(2n ** 63n)) }),
    { dtype: "<M8[D]", list: "[datetime.date(1970, 1, 1), None]" },
  ],
  [
    "timedelta64",
    ndarray({ dtype: "<m8[ns]", shape: [1n], data: i8(5n) }),
    { dtype: "<m8[ns]", list: "[5]" },
  ],
  ["0-d", ndarray({ dtype: "<f4", data: f4(7) }), { shape: [], list: 7 }],
  ["empty", ndarray({ dtype: "<f8", shape: [0n, 3n] }), { shape: [0, 3], list: [] }],
  [
    "structured",
    ndarray({
      descr: "[('x', '<f4'), ('y', '|u1', (2,))]",
      shape: [1n],
      data: Buffer.concat([f4(1.5), hex("0102")]),
    }),
    { shape: [1], list: "[(1.5, array([1, 2], dtype=uint8))]" },
  ],
];

describe("numpy", () => {
  test.each(arrays)("ndarray: %s", async (_name, sent, facts) => {
    expect(plain(await call("probe", "array_facts", [sent]))).toMatchObject(facts);
    expect(await call("probe", "echo", [sent])).toEqual(received(sent));
  });

  test.each([
    ["a dtype of objects", { dtype: "|O", shape: [1n], data: Buffer.alloc(8) }],
    ["a descr with objects", { descr: "[('x', '|O')]", shape: [1n], data: Buffer.alloc(8) }],
    ["a descr with code", { descr: "__import__('os').system('true')", shape: [1n], data: Buffer.alloc(8) }],
    ["too few bytes", { dtype: "<f8", shape: [2n], data: Buffer.alloc(8) }],
    ["too many bytes", { dtype: "<f8", shape: [1n], data: Buffer.alloc(16) }],
    ["a negative shape", { dtype: "<f8", shape: [-1n], data: Buffer.alloc(8) }],
    ["a product beyond 64 bits", { dtype: "<f8", shape: [2n ** 62n, 4n], data: Buffer.alloc(0) }],
    ["a huge shape of nothing", { dtype: "|V0", shape: [2n ** 40n], data: Buffer.alloc(0) }],
    ["65 dimensions", { dtype: "|u1", shape: Array.from({ length: 65 }, () => 1n), data: Buffer.alloc(1) }],
    ["an unknown dtype", { dtype: "<q9", shape: [1n], data: Buffer.alloc(8) }],
  ])("refuses %s", async (_name, array) => {
    const error = await failure(call("probe", "array_facts", [ndarray(array)]));
    expect([error.code, error.fields]).toEqual(["INVALID_ARGUMENT", [expect.stringContaining("args[0]")]]);
  });

  test("scalars keep their dtype", async () => {
    const sum = await call("numpy", "sum", [ndarray({ dtype: "<i2", shape: [2n], data: hex("01000200") })]);
    expect(sum).toEqual(received(int(3, "<i8")));
    const half = await call("numpy", "float32", [float(0.5)]);
    expect(half).toEqual(received(float(0.5, "<f4")));
    const day = await call("numpy", "datetime64", [str("2026-11-24")]);
    expect(day?.kind).toMatchObject({ $case: "ndarray", value: { scalar: true, dtype: "<M8[D]" } });
  });

  test("svd: a tuple of arrays", async () => {
    const identity = ndarray({
      dtype: "<f8",
      shape: [2n, 2n],
      data: Buffer.from(new Float64Array([1, 0, 0, 1]).buffer),
    });
    const svd = await call("numpy", "linalg.svd", [identity]);
    expect(svd?.kind?.$case === "namedtuple" ? svd.kind.value.names : []).toEqual(["U", "S", "Vh"]);
  });

  test("20 MB there and back", async () => {
    const data = Buffer.alloc(20 << 20, "podule");
    const sent = ndarray({ dtype: "|u1", shape: [BigInt(data.length)], data });
    const back = await call("probe", "echo", [sent]);
    expect(back?.kind?.$case === "ndarray" && back.kind.value.data.equals(data)).toBe(true);
  });
});

test("bytes on the wire of an echo are those sent", async () => {
  const sent = tuple(float(Number.NaN), int(-1), str("x"), bytes("y"));
  const back = await call("probe", "echo", [sent]);
  expect(back === undefined ? "" : hexOf(back)).toBe(hexOf(sent));
});

function hexOf(v: Value): string {
  return Buffer.from(Value.encode(v).finish()).toString("hex");
}
