import { EventEmitter } from "node:events";
import { setImmediate as turn } from "node:timers/promises";
import fc from "fast-check";
import { expect, test } from "vitest";
import { FrameWriter } from "./frame-writer.ts";

const codec = {
  size: (frame: Buffer) => frame.length,
  write: (frame: Buffer, out: Buffer, at: number) => at + frame.copy(out, at),
};

class Sink extends EventEmitter {
  readonly messages: Buffer[] = [];
  open = true;
  write(message: Buffer): boolean {
    this.messages.push(message);
    return this.open;
  }
}

test("frames of one turn leave in one message, in order", async () => {
  const sink = new Sink();
  const writer = new FrameWriter(sink, codec);
  for (const text of ["a", "b", "c"]) writer.push(Buffer.from(text));
  expect(sink.messages).toEqual([]);
  await turn();
  expect(sink.messages.map(String)).toEqual(["abc"]);
});

test("a message has at most the batch size, or one larger frame", () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 30 }), { maxLength: 40 }), (sizes) => {
      const sink = new Sink();
      const writer = new FrameWriter(sink, codec, { maxBatchBytes: 16 });
      sizes.forEach((size, at) => {
        writer.push(Buffer.alloc(size, at));
      });
      writer.flush();
      expect(Buffer.concat(sink.messages)).toEqual(
        Buffer.concat(sizes.map((size, at) => Buffer.alloc(size, at))),
      );
      for (const message of sink.messages) {
        expect(message.length <= 16 || new Set(message).size === 1).toBe(true);
      }
      expect(writer.pendingBytes).toBe(0);
    }),
  );
});

test("nothing is written to a stream that asked to wait, until it drains", async () => {
  const sink = new Sink();
  let drained = 0;
  const writer = new FrameWriter(sink, codec, { onDrain: () => drained++ });
  sink.open = false;
  writer.push(Buffer.from("a"));
  await turn();
  for (let at = 0; at < 5000; at++) writer.push(Buffer.from("b"));
  await turn();
  expect(sink.messages.map(String)).toEqual(["a"]);
  expect([writer.blocked, writer.pendingBytes]).toEqual([true, 5000]);
  sink.open = true;
  sink.emit("drain");
  expect(sink.messages.map((message) => message.length)).toEqual([1, 5000]);
  expect([writer.blocked, writer.pendingBytes, drained]).toEqual([false, 0, 1]);
});

test("take has the last look: it replaces and drops", () => {
  const sink = new Sink();
  const writer = new FrameWriter(sink, codec, {
    take: (frame) => (frame.length === 1 ? undefined : Buffer.concat([frame, frame])),
  });
  for (const text of ["a", "bb", "c"]) writer.push(Buffer.from(text));
  writer.flush();
  expect(sink.messages.map(String)).toEqual(["bbbb"]);
});
