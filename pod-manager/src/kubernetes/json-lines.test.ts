import fc from "fast-check";
import { expect, test } from "vitest";
import { createJsonLines } from "./json-lines.ts";

test("values come whole, wherever the bytes are cut", () => {
  fc.assert(
    fc.property(fc.array(fc.jsonValue()), fc.array(fc.integer({ min: 1, max: 9 })), (values, cuts) => {
      const bytes = Buffer.from(values.map((one) => `${JSON.stringify(one)}\n`).join(""));
      const read: unknown[] = [];
      const lines = createJsonLines((one) => read.push(one), 1_000_000);
      for (let at = 0, n = 0; at < bytes.length; n++) {
        const length = cuts[n % Math.max(1, cuts.length)] ?? 1;
        lines.push(bytes.subarray(at, at + length));
        at += length;
      }
      expect(JSON.stringify(read)).toBe(JSON.stringify(values));
    }),
  );
});

test("what is no JSON, or has no end, is an error", () => {
  expect(() => createJsonLines(() => {}, 100).push(Buffer.from("{\n"))).toThrow(SyntaxError);
  const lines = createJsonLines(() => {}, 100);
  lines.push(Buffer.alloc(60, 97));
  expect(() => lines.push(Buffer.alloc(60, 97))).toThrow(/longer than 100/);
});
