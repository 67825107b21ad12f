import fc from "fast-check";
import { expect, test } from "vitest";
import { LogRing } from "./log-ring.ts";

const line = fc.record({
  stream: fc.constantFrom(1 as const, 2 as const),
  text: fc.string({ maxLength: 300 }),
});

function all(ring: LogRing, lines = Number.POSITIVE_INFINITY): string[] {
  const found: string[] = [];
  let cursor = ring.tail(lines);
  for (let step = ring.read(cursor); step !== undefined; step = ring.read(cursor)) {
    found.push(`${step.record.stream}:${step.record.bytes.toString()}`);
    expect(step.lost).toBe(0);
    cursor = step.next;
  }
  return found;
}

test("keeps the latest lines that fit, whole and in order", () => {
  fc.assert(
    fc.property(fc.array(line, { maxLength: 200 }), fc.integer({ min: 0, max: 300 }), (lines, tail) => {
      const ring = new LogRing(5000);
      for (const [time, { stream, text }] of lines.entries()) ring.append(time, stream, Buffer.from(text));
      const kept = all(ring);
      const written = lines.map(({ stream, text }) => `${stream}:${text}`);
      expect(kept).toEqual(written.slice(written.length - kept.length));
      expect(ring.bytes).toBeLessThanOrEqual(5000);
      const next = lines.at(-kept.length - 1);
      if (next !== undefined && kept.length < lines.length)
        expect(ring.bytes + 11 + Buffer.byteLength(next.text)).toBeGreaterThan(5000);
      expect(all(ring, tail)).toEqual(kept.slice(Math.max(0, kept.length - tail)));
    }),
  );
});

test("a reader that fell behind goes on with the oldest line kept and knows how many it lost", () => {
  fc.assert(
    fc.property(fc.array(fc.nat(60), { minLength: 1, maxLength: 120 }), fc.nat(30), (sizes, before) => {
      const ring = new LogRing(600);
      for (let n = 0; n < before; n++) ring.append(n, 1, Buffer.from("x"));
      let cursor = ring.tail(0);
      for (const [n, size] of sizes.entries()) ring.append(n, 2, Buffer.alloc(size, 65));
      let read = 0;
      for (let step = ring.read(cursor); step !== undefined; step = ring.read(cursor)) {
        read += 1 + step.lost;
        cursor = step.next;
      }
      expect(read).toBe(sizes.length);
    }),
  );
});

test("an empty ring has nothing to read", () => {
  const ring = new LogRing(100);
  expect(ring.read(ring.tail(10))).toBeUndefined();
  ring.append(7, 2, Buffer.from("a"));
  expect(ring.read(ring.tail(10))?.record).toEqual({ timeMs: 7, stream: 2, bytes: Buffer.from("a") });
});
