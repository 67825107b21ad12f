import fc from "fast-check";
import { expect, test } from "vitest";
import { LinkBatch } from "./link-batch.ts";
import { HEADER_BYTES, LinkError, LinkReader, writeHeader } from "./link-codec.ts";

interface Frame {
  kind: number;
  id: number;
  payload: Buffer;
}

const frame: fc.Arbitrary<Frame> = fc.record({
  kind: fc.nat(255),
  id: fc.nat(0xffff_ffff),
  payload: fc
    .oneof(fc.nat(40), fc.integer({ min: 16_000, max: 17_000 }))
    .chain((size) => fc.nat(255).map((byte) => Buffer.alloc(size, byte))),
});

function read(chunks: Iterable<Buffer>, maxPayload = 1 << 20): (Frame | { oversize: number; id: number })[] {
  const frames: (Frame | { oversize: number; id: number })[] = [];
  const reader = new LinkReader(
    {
      frame: (kind, id, payload) => frames.push({ kind, id, payload: Buffer.from(payload) }),
      oversize: (_kind, id, bytes) => frames.push({ oversize: bytes, id }),
    },
    maxPayload,
  );
  for (const chunk of chunks) reader.push(chunk);
  return frames;
}

function* cut(bytes: Buffer, sizes: readonly number[]): Generator<Buffer> {
  let pos = 0;
  for (let at = 0; pos < bytes.length; at++) {
    const size = sizes[at % sizes.length] ?? 1;
    yield bytes.subarray(pos, pos + size);
    pos += size;
  }
}

test("frames come back, however the bytes are cut", () => {
  fc.assert(
    fc.property(
      fc.array(frame, { maxLength: 6 }),
      fc.array(fc.integer({ min: 1, max: 5000 }), { minLength: 1, maxLength: 5 }),
      (frames, sizes) => {
        const batch = new LinkBatch();
        for (const { kind, id, payload } of frames) batch.add(kind, id, undefined, payload);
        expect(read(cut(Buffer.concat(batch.takeAll()), sizes))).toEqual(frames);
      },
    ),
  );
});

test("prefix and body are one payload; a batch is taken once", () => {
  const batch = new LinkBatch();
  batch.add(2, 7, Buffer.from("ab"), Buffer.from("cd"));
  batch.add(2, 8, Buffer.from("ab"), Buffer.alloc(20_000, "x"));
  const chunks = batch.takeAll();
  expect(read(chunks).map((got) => "payload" in got && got.payload.length)).toEqual([4, 20_002]);
  expect(batch.takeAll()).toEqual([]);
  expect(batch.empty).toBe(true);
});

test("a large body is not copied", () => {
  const batch = new LinkBatch();
  const body = Buffer.alloc(100_000);
  batch.add(1, 1, undefined, body);
  expect(batch.takeAll().some((chunk) => chunk === body)).toBe(true);
});

test("a frame beyond the limit is told and skipped, and the next one is read", () => {
  const big = Buffer.alloc(HEADER_BYTES + 3000);
  writeHeader(big, 0, 17, 5, 3000);
  const small = Buffer.alloc(HEADER_BYTES);
  writeHeader(small, 0, 19, 6, 0);
  const frames = read(cut(Buffer.concat([big, small]), [7, 1000]), 2000);
  expect(frames).toEqual([
    { oversize: 3000, id: 5 },
    { kind: 19, id: 6, payload: Buffer.alloc(0) },
  ]);
});

test("a length below that of the header is an error", () => {
  expect(() => read([Buffer.from([4, 0, 0, 0, 1, 0, 0, 0, 0])])).toThrow(LinkError);
});
