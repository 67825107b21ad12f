import fc from "fast-check";
import { expect, test } from "vitest";
import { formatTraceparent, newSpanId, newTraceId, parseTraceparent } from "./trace-context.ts";

const hex = (length: number) =>
  fc
    .array(fc.integer({ min: 0, max: 15 }), { minLength: length, maxLength: length })
    .map((digits) => digits.map((digit) => digit.toString(16)).join(""))
    .filter((text) => /[^0]/.test(text));

test("what is written is read", () => {
  fc.assert(
    fc.property(hex(32), hex(16), fc.boolean(), (traceId, spanId, sampled) => {
      expect(parseTraceparent(formatTraceparent({ traceId, spanId, sampled }))).toEqual({
        traceId,
        spanId,
        sampled,
      });
    }),
  );
});

test("no text makes it throw, and what is read is well-formed", () => {
  fc.assert(
    fc.property(
      fc.oneof(fc.string(), fc.stringMatching(/^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/)),
      (text) => {
        const context = parseTraceparent(text);
        if (context !== undefined) expect(text.slice(3, 35)).toBe(context.traceId);
      },
    ),
  );
});

test("the version ff, and ids of zeros, are none", () => {
  const [trace, span] = ["1".repeat(32), "2".repeat(16)];
  expect(parseTraceparent(`ff-${trace}-${span}-01`)).toBeUndefined();
  expect(parseTraceparent(`00-${"0".repeat(32)}-${span}-01`)).toBeUndefined();
  expect(parseTraceparent(`00-${trace}-${"0".repeat(16)}-01`)).toBeUndefined();
  expect(parseTraceparent(`00-${trace.toUpperCase().replaceAll("1", "A")}-${span}-01`)).toBeUndefined();
});

test("ids are all different, also where the pool of random bytes is used up", () => {
  const ids = Array.from({ length: 5000 }, (_, i) => (i % 2 === 0 ? newTraceId() : newSpanId()));
  expect(new Set(ids).size).toBe(ids.length);
  expect(ids.filter((id) => !/^[0-9a-f]{16}$|^[0-9a-f]{32}$/.test(id))).toEqual([]);
});
