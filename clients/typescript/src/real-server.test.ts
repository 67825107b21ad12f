import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startPod, type TestPod } from "../../../module-server/testing/pod.ts";
import podule, {
  ByteArray,
  Complex,
  Decimal,
  EnumMember,
  ellipsis,
  Fraction,
  float,
  kw,
  PyDate,
  PyDateTime,
  PythonError,
  type RemoteModule,
  range,
  slice,
  TimeDelta,
  tuple,
  Uuid,
} from "./index.ts";
import type { Things } from "./testing/things.ts";

let pod: TestPod;
let things: RemoteModule<Things>;

beforeAll(async () => {
  const path = fileURLToPath(new URL("./testing/python", import.meta.url));
  pod = await startPod({ env: { MODULE_NAME: "things", PODULE_MODULE_PATH: path } });
  things = await podule.import<Things>("things", { url: pod.address });
}, 30_000);

afterAll(async () => {
  await things?.$close();
  await pod?.[Symbol.asyncDispose]();
});

test("values come back from Python as they went", async () => {
  const values = [
    null,
    true,
    0,
    -7,
    2 ** 53 - 1,
    2n ** 63n,
    -(2n ** 200n),
    1.5,
    -0,
    Number.NaN,
    Number.POSITIVE_INFINITY,
    "",
    "héllo 🎉",
    "lone \ud800 surrogate",
    new Uint8Array([1, 2, 255]),
    new ByteArray(new Uint8Array([3])),
    [1, [2, [3]], "x"],
    Array.from({ length: 100 }, (_, i) => i),
    [1.5, 2.5, 3.5, -0.5, 1e300],
    tuple(1, "a"),
    new Set([1, 2]),
    new Map<unknown, unknown>([
      ["__proto__", 1],
      [1, "one"],
      [tuple(1, 2), null],
    ]),
    new Complex(1, -2),
    slice(1, null, -1),
    range(0, 10, 3),
    ellipsis,
    new Decimal("1.10"),
    new Fraction(1, 3),
    new PyDateTime("2026-11-24T16:45:00.000001+01:00"),
    new PyDate("2026-11-24"),
    new TimeDelta(-1, 5, 7),
    new Uuid("12345678-1234-5678-1234-567812345678"),
    new EnumMember("things:Color", "RED", 1),
  ];
  for (const value of values) expect(await things.echo(value)).toStrictEqual(value);
});

test("JavaScript's numbers, dates and objects are Python's types", async () => {
  const names = await Promise.all(
    [1, 1.5, float(1), 5n, new Date(), { a: 1 }, undefined, "s", new Uint8Array(1)].map((v) =>
      things.type_name(v),
    ),
  );
  expect(names).toEqual(["int", "float", "float", "int", "datetime", "dict", "NoneType", "str", "bytes"]);
});

test("keyword arguments, also with names that JavaScript uses itself", async () => {
  const kwargs = new Map<string, unknown>([
    ["__proto__", 1],
    ["constructor", 2],
  ]);
  expect(await things.echo(0, kw(kwargs))).toEqual([0, kwargs]);
});

test("an exception of Python has its type, message and traceback", async () => {
  const error: unknown = await Promise.resolve(things.fail("no such luck")).catch((e: unknown) => e);
  expect(error).toBeInstanceOf(PythonError);
  expect(error).toMatchObject({ pythonType: "ValueError", reason: "PYTHON_EXCEPTION" });
  if (error instanceof PythonError) {
    expect(error.message).toContain("no such luck");
    expect(error.remoteTraceback).toContain("things.py");
  }
});

test("a deadline interrupts Python; a signal, too", async () => {
  const late = things.sleep.$opts({ timeout: 200 })(30);
  await expect(Promise.resolve(late)).rejects.toMatchObject({ code: "DEADLINE_EXCEEDED" });
  const aborted = things.sleep.$opts({ signal: AbortSignal.timeout(200) })(30);
  await expect(Promise.resolve(aborted)).rejects.toMatchObject({ code: "CANCELLED" });
  expect(await things.add(1, 2)).toBe(3);
});

test("a thousand calls at once are all answered, in one worker", async () => {
  const results = await Promise.all(Array.from({ length: 1000 }, (_, i) => things.add(i, 1)));
  expect(results).toEqual(Array.from({ length: 1000 }, (_, i) => i + 1));
});

test("async functions are awaited in Python", async () => {
  expect(await things.later(5)).toBe(5);
});
