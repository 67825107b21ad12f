import { reasonOf, toStatus } from "@podule/grpc";
import fc from "fast-check";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { privateBytes } from "./private-memory.ts";
import { type Measured, SessionMemory } from "./session-memory.ts";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

const refusal = (memory: SessionMemory) => {
  try {
    memory.admit();
  } catch (error) {
    return reasonOf(toStatus(error));
  }
  return undefined;
};

test("what a process has for itself is what it shares with no other", () => {
  const rollup =
    "00400000-7ffc rollup\nRss:  9000 kB\nPrivate_Clean:      12 kB\nPrivate_Dirty:    1000 kB\n";
  expect(privateBytes(rollup)).toBe(1012 * 1024);
  expect(privateBytes("")).toBeUndefined();
});

test("a session more is refused where it would not fit, and taken again when one has gone", () => {
  const memory = new SessionMemory(25, () => 10);
  const workers = [{ pid: 1 }, { pid: 2 }];
  expect(refusal(memory)).toBeUndefined();
  for (const worker of workers) memory.add(worker);
  expect(refusal(memory)).toBe("SESSION_MEMORY");
  memory.delete(workers[0] ?? { pid: 0 });
  expect(refusal(memory)).toBeUndefined();
});

test("without a bound nothing is looked at", () => {
  const memory = new SessionMemory(undefined, () => {
    throw new Error("It was");
  });
  memory.add({ pid: 1 });
  vi.advanceTimersByTime(10_000);
  expect(refusal(memory)).toBeUndefined();
  expect(vi.getTimerCount()).toBe(0);
});

test("whatever comes and goes, after some looks it is the sum of those that are there", () => {
  const step = fc.record({ add: fc.boolean(), at: fc.nat(20), ms: fc.nat(3000) });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const memory = new SessionMemory(1e9, (pid) => pid * 100);
      const there: Measured[] = [];
      let last = 0;
      for (const { add, at, ms } of steps) {
        if (add) {
          const worker = { pid: ++last };
          there.push(worker);
          memory.add(worker);
        } else {
          for (const worker of there.splice(at % Math.max(1, there.length), 1)) memory.delete(worker);
        }
        vi.advanceTimersByTime(ms);
        expect(memory.size).toBe(there.length);
      }
      vi.advanceTimersByTime(3000);
      expect(memory.used).toBe(there.reduce((sum, { pid }) => sum + pid * 100, 0));
      for (const worker of there) memory.delete(worker);
      expect([memory.used, vi.getTimerCount()]).toEqual([0, 0]);
    }),
  );
});
