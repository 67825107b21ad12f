import { setTimeout as sleep } from "node:timers/promises";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createWorkQueue } from "./work-queue.ts";

describe("a work queue", () => {
  it("handles every key after its last add, one key at a time, and no more than allowed at once", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(
          fc.record({ key: fc.constantFrom("a", "b", "c", "d"), pause: fc.boolean(), fail: fc.boolean() }),
        ),
        fc.integer({ min: 1, max: 3 }),
        async (adds, concurrency) => {
          const version = new Map<string, number>();
          const handled = new Map<string, number>();
          const failing = new Set<string>();
          const active = new Set<string>();
          const queue = createWorkQueue({
            concurrency,
            retryDelayMs: () => 1,
            onError: () => {},
            async handle(key) {
              expect(active.has(key)).toBe(false);
              active.add(key);
              expect(active.size).toBeLessThanOrEqual(concurrency);
              const seen = version.get(key) ?? 0;
              await sleep(0);
              active.delete(key);
              if (failing.delete(key)) throw new Error("once");
              handled.set(key, seen);
            },
          });
          for (const { key, pause, fail } of adds) {
            version.set(key, (version.get(key) ?? 0) + 1);
            if (fail) failing.add(key);
            queue.add(key);
            if (pause) await sleep(0);
          }
          await expect.poll(() => new Map(handled), { interval: 1 }).toEqual(version);
          await queue.close();
        },
      ),
      { numRuns: 50 },
    );
  });

  it("handles a key once for many adds before it begins", async () => {
    let passes = 0;
    const queue = createWorkQueue({
      concurrency: 1,
      retryDelayMs: () => 1,
      onError: () => {},
      handle: async () => {
        passes++;
      },
    });
    for (let index = 0; index < 10_000; index++) queue.add("key");
    await sleep(20);
    expect(passes).toBeLessThanOrEqual(2);
    await queue.close();
  });

  it("backs off a key that fails, and starts again after a success", async () => {
    const delays: number[] = [];
    let failuresLeft = 4;
    const queue = createWorkQueue({
      concurrency: 1,
      retryDelayMs: (failures) => {
        delays.push(failures);
        return 1;
      },
      onError: () => {},
      handle: async () => {
        if (failuresLeft-- > 0) throw new Error("no");
      },
    });
    queue.add("key");
    await expect.poll(() => failuresLeft).toBeLessThan(0);
    failuresLeft = 1;
    queue.add("key");
    await expect.poll(() => failuresLeft).toBeLessThan(0);
    expect(delays).toEqual([1, 2, 3, 4, 1]);
    await queue.close();
  });

  it("takes the earliest of several times", async () => {
    const handled: number[] = [];
    const queue = createWorkQueue({
      concurrency: 1,
      retryDelayMs: () => 1,
      onError: () => {},
      handle: async () => {
        handled.push(1);
      },
    });
    queue.addAfter("key", 60_000);
    queue.addAfter("key", 5);
    queue.addAfter("key", 60_000);
    await expect.poll(() => handled.length).toBe(1);
    await queue.close();
  });
});
