import { expect, test } from "vitest";
import {
  ByteArray,
  Complex,
  DataClass,
  Decimal,
  ellipsis,
  namedTuple,
  ndarray,
  PyDateTime,
  slice,
  TimeDelta,
  tuple,
} from "../client/podule.ts";
import { plainJson } from "./plain-json.ts";

test.each<[unknown, string]>([
  [null, "null"],
  [2n ** 70n, "1180591620717411303424"],
  [Number.NaN, '"NaN"'],
  [[1, tuple("a", false)], '[1,["a",false]]'],
  [new Set([1]), "[1]"],
  [new Map([["a", 1]]), '{"a":1}'],
  [new Map([[1, "a"]]), '[[1,"a"]]'],
  [ndarray(new Int32Array([1, 2, 3, 4]), 2, 2), "[[1,2],[3,4]]"],
  [ndarray(new BigInt64Array([2n ** 62n])), "[4611686018427387904]"],
  [new Uint8Array([255]), '"/w=="'],
  [new ByteArray(new Uint8Array([0])), '"AA=="'],
  [new Decimal("1.10"), '"1.10"'],
  [new Complex(1, -2), '"(1-2j)"'],
  [new PyDateTime("2026-11-24T16:45:00"), '"2026-11-24T16:45:00"'],
  [new TimeDelta(1, 2, 3), '{"days":1,"seconds":2,"microseconds":3}'],
  [slice(1, null), '{"start":1,"stop":null,"step":null}'],
  [namedTuple("m:P", [["x", 1]]), '{"x":1}'],
  [new DataClass("m:D", ["x"], [2n ** 60n]), '{"x":1152921504606846976}'],
  [ellipsis, '"Ellipsis"'],
])("%o is %s", (value, json) => {
  expect(plainJson(value)).toBe(json);
});
