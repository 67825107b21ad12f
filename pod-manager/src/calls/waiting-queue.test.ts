import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type QueueItem, type Refusal, WaitingQueue } from "./waiting-queue.ts";

type Step = { push: number; caller: string } | "take" | { remove: number };
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ push: fc.nat(40), caller: fc.constantFrom("a", "b", "c") }),
  fc.constant("take" as const),
  fc.record({ remove: fc.nat(20) }),
);
const LIMITS = { items: 5, itemsPerCaller: 4, bytes: 100 };

function newQueue(limits = LIMITS, budget = { left: 150 }) {
  const displaced: [QueueItem, Refusal][] = [];
  const queue = new WaitingQueue<QueueItem>(limits, budget, (item, bound) => displaced.push([item, bound]));
  const push = (caller: string, bytes = 1, now = 0) => queue.push({ caller, bytes }, now);
  const takeAll = () => {
    const callers: string[] = [];
    for (let item = queue.first; item !== undefined; item = queue.first) {
      callers.push(item.caller);
      queue.take(item);
    }
    return callers.join("");
  };
  return { queue, displaced, push, takeAll, budget };
}

describe("the waiting queue", () => {
  test("never breaks a bound, keeps each caller's order, and loses nothing", () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 100 }), (steps) => {
        const budget = { left: 150 };
        const other = newQueue(LIMITS, budget);
        other.push("x", 70);
        const { queue, displaced } = newQueue(LIMITS, budget);
        let model: QueueItem[] = [];
        const of = (caller: string) => model.filter((item) => item.caller === caller);
        for (const [time, one] of steps.entries()) {
          if (one === "take") {
            const item = queue.first;
            expect(item).toBe(item === undefined ? undefined : of(item.caller)[0]);
            expect(item === undefined).toBe(model.length === 0);
            if (item !== undefined) queue.take(item);
            model = model.filter((kept) => kept !== item);
          } else if ("push" in one) {
            const item = { bytes: one.push, caller: one.caller };
            displaced.length = 0;
            const refusal = queue.push(item, time);
            const gone = new Set(displaced.map(([lost]) => lost));
            model = model.filter((kept) => !gone.has(kept));
            if (refusal === undefined) model.push(item);
            for (const lost of gone) {
              expect(lost.caller).not.toBe(one.caller);
              // Whoever gave way still has no less than the new one.
              if (displaced[0]?.[1] === "calls")
                expect(of(lost.caller).length).toBeGreaterThanOrEqual(of(one.caller).length);
            }
          } else {
            const item = model[one.remove];
            if (item !== undefined) expect([queue.remove(item), queue.remove(item)]).toEqual([true, false]);
            model = model.filter((kept) => kept !== item);
          }
          const bytes = model.reduce((sum, item) => sum + item.bytes, 0);
          expect([queue.size, queue.bytes, budget.left]).toEqual([model.length, bytes, 80 - bytes]);
          expect(model.length).toBeLessThanOrEqual(5);
          expect(bytes).toBeLessThanOrEqual(80);
          for (const caller of "abc") expect(queue.waitingOf(caller)).toBe(of(caller).length);
        }
      }),
    );
  });

  test("lets callers take turns, however many calls each has", () => {
    const { push, takeAll } = newQueue({ items: 100, itemsPerCaller: 100, bytes: 100 });
    for (const caller of "aaaaaabbc") push(caller);
    expect(takeAll()).toBe("abcabaaaa");
  });

  test("one that fills it gives way to others, down to an equal share", () => {
    const { push, displaced, takeAll } = newQueue({ items: 6, itemsPerCaller: 100, bytes: 100 });
    for (const caller of "aaaaaaa") push(caller);
    expect([push("b"), push("b"), push("b"), push("b")]).toEqual([undefined, undefined, undefined, "calls"]);
    expect(displaced.map(([{ caller }, bound]) => `${caller} ${bound}`)).toEqual(Array(3).fill("a calls"));
    expect(takeAll()).toBe("ababab");
  });

  test("says which bound is reached", () => {
    const { push, budget } = newQueue();
    expect(push("a", 90)).toBeUndefined();
    expect(push("b", 20)).toBe("bytes");
    budget.left = 5;
    expect(push("a", 6)).toBe("total bytes");
    for (let n = 0; n < 3; n++) expect(push("a")).toBeUndefined();
    expect(push("a")).toBe("calls per caller");
  });

  test("expires those that have waited too long, and no others", () => {
    const { queue, push } = newQueue();
    for (const now of [10, 20, 30]) push("a", 1, now);
    expect(queue.oldest).toBe(10);
    expect(queue.expire(20)).toHaveLength(2);
    expect([queue.size, queue.oldest]).toEqual([1, 30]);
  });
});
