import { PassThrough } from "node:stream";
import { setImmediate as turn } from "node:timers/promises";
import fc from "fast-check";
import { expect, test } from "vitest";
import { pipeMessages } from "./pipe.ts";

test("everything arrives once and in order, `ended` comes behind it, and little is ahead of the sink", async () => {
  const sizes = fc.array(fc.integer({ min: 0, max: 700_000 }), { maxLength: 30 });
  await fc.assert(
    fc.asyncProperty(sizes, fc.infiniteStream(fc.boolean()), async (lengths, takesNow) => {
      const source = new PassThrough({ objectMode: true, highWaterMark: 1 });
      const sent = lengths.map((length) => Buffer.alloc(length));
      const written: Buffer[] = [];
      let taken = 0;
      let ahead = 0;
      let endedWith: number | undefined;
      const sink = {
        write(message: Buffer, done: () => void) {
          written.push(message);
          ahead += message.length;
          expect(ahead - message.length).toBeLessThanOrEqual(1024 * 1024);
          const take = (): void => {
            ahead -= message.length;
            taken += 1;
            done();
          };
          if (takesNow.next().value) queueMicrotask(take);
          else setImmediate(take);
        },
      };
      pipeMessages(source, sink, () => {
        expect(endedWith).toBeUndefined();
        endedWith = taken;
      });
      for (const message of sent) source.write(message);
      source.end();
      while (endedWith === undefined) await turn();
      expect(endedWith).toBe(sent.length);
      expect(written.every((message, n) => message === sent[n])).toBe(true);
    }),
    { numRuns: 50 },
  );
});
