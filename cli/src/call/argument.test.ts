import fc from "fast-check";
import { expect, test } from "vitest";
import { PyFloat } from "../client/podule.ts";
import { UsageError } from "../user-error.ts";
import { parseArgument, readArgument, readKeywords } from "./argument.ts";
import { fromMessage, ObjectArgument, toMessage } from "./message-value.ts";

test("ints keep every digit; a fraction or an exponent makes a float", () => {
  expect(parseArgument("1")).toBe(1);
  expect(parseArgument("-9007199254740993")).toBe(-9007199254740993n);
  expect(parseArgument("[1.0, 1e3]")).toEqual([new PyFloat(1), new PyFloat(1000)]);
  expect(parseArgument('{"a": [null, true]}')).toEqual({ a: [null, true] });
});

test("what is no JSON is refused, with the str that may have been meant", async () => {
  expect(() => parseArgument("abc")).toThrow(`'"abc"'`);
  await expect(readArgument("@/nowhere/at/all")).rejects.toBeInstanceOf(UsageError);
  await expect(readKeywords(["axis"])).rejects.toBeInstanceOf(UsageError);
  await expect(readKeywords(["axis=[0,"])).rejects.toBeInstanceOf(UsageError);
});

test("keyword arguments and objects", async () => {
  expect(await readKeywords(["axis=0", 'order="a=b"'])).toEqual({ axis: 0, order: "a=b" });
  expect(await readArgument("%7")).toEqual(new ObjectArgument(7n));
});

/** As the client reads what was sent: dicts are Maps, floats numbers. */
function read(value: unknown): unknown {
  if (value instanceof PyFloat) return value.value;
  if (Array.isArray(value)) return value.map(read);
  if (typeof value !== "object" || value === null) return value;
  return new Map(Object.entries(value).map(([key, item]) => [key, read(item)]));
}

test("every JSON value travels in the API's message", () => {
  fc.assert(
    fc.property(fc.json({ maxDepth: 5 }), (json) => {
      const value = parseArgument(json);
      expect(fromMessage(toMessage(value))).toEqual(read(value));
    }),
  );
});

test("ints of any size travel in the API's message", () => {
  fc.assert(
    fc.property(fc.bigInt({ min: -(2n ** 200n), max: 2n ** 200n }), (int) => {
      expect(BigInt(String(fromMessage(toMessage(parseArgument(String(int))))))).toBe(int);
    }),
  );
});
