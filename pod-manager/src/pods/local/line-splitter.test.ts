import { isUtf8 } from "node:buffer";
import fc from "fast-check";
import { expect, test } from "vitest";
import { LineSplitter, MAX_LINE_BYTES } from "./line-splitter.ts";

function split(chunks: readonly Uint8Array[]): Buffer[] {
  const lines: Buffer[] = [];
  const splitter = new LineSplitter((line) => lines.push(Buffer.from(line)));
  for (const chunk of chunks) splitter.push(Buffer.from(chunk));
  splitter.end();
  return lines;
}

test("lines do not depend on how the bytes were cut into chunks", () => {
  const bytes = fc.array(fc.oneof(fc.constant(10), fc.nat(255)), { maxLength: 400 });
  fc.assert(
    fc.property(bytes, fc.array(fc.nat(400), { maxLength: 10 }), (all, cuts) => {
      const whole = Uint8Array.from(all);
      const at = [0, ...cuts.map((cut) => Math.min(cut, whole.length)).sort((a, b) => a - b), whole.length];
      const chunks = at.slice(1).map((end, n) => whole.subarray(at[n], end));
      expect(split(chunks)).toEqual(split([whole]));
    }),
  );
});

test("every line is valid UTF-8 of bounded length, and text survives", () => {
  fc.assert(
    fc.property(fc.array(fc.string({ unit: "binary", maxLength: 30 })), (texts) => {
      const lines = texts.map((text) => text.replace(/[\r\n]/g, "").toWellFormed());
      expect(split([Buffer.from(lines.map((text) => `${text}\n`).join(""))]).map(String)).toEqual(lines);
    }),
  );
});

test("a long line is split between characters, in one chunk or in many", () => {
  const text = `a${"€".repeat(20_000)}`;
  const chunks = Array.from({ length: 100 }, (_, n) => Buffer.from(text).subarray(n * 601, (n + 1) * 601));
  for (const lines of [split([Buffer.from(text)]), split(chunks)]) {
    expect(lines.join("")).toBe(text);
    for (const line of lines) {
      expect(line.length).toBeLessThanOrEqual(MAX_LINE_BYTES);
      expect(isUtf8(line)).toBe(true);
    }
  }
});

test("bytes that are not UTF-8 become U+FFFD within the same bound", () => {
  const lines = split([Buffer.alloc(40_000, 0xff), Buffer.from("\nok\xe9\n", "latin1")]);
  expect(lines.every((line) => isUtf8(line) && line.length <= MAX_LINE_BYTES)).toBe(true);
  expect(lines.slice(0, -1).join("")).toBe("\ufffd".repeat(40_000));
  expect(lines.at(-1)?.toString()).toBe("ok\ufffd");
});

test("CRLF ends a line as LF does, and a last line needs no end", () => {
  expect(split([Buffer.from("a\r\nb\n\nc")]).map(String)).toEqual(["a", "b", "", "c"]);
});
