import fc from "fast-check";
import { expect, test } from "vitest";
import { type QueueItem, WaitingQueue } from "./waiting-queue.ts";

type Step = { push: number } | "shift" | { remove: number };
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ push: fc.nat(40) }),
  fc.constant("shift" as const),
  fc.record({ remove: fc.nat(20) }),
);

test("is first in, first out, and never breaks a bound", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 100 }), (steps) => {
      const budget = { left: 150 };
      const queue = new WaitingQueue<QueueItem>(5, 100, budget);
      const other = new WaitingQueue<QueueItem>(5, 100, budget);
      other.push({ bytes: 70 });
      let model: QueueItem[] = [];
      const bytes = () => model.reduce((sum, item) => sum + item.bytes, 0);
      for (const one of steps) {
        if (one === "shift") {
          expect(queue.shift()).toBe(model.shift());
        } else if ("push" in one) {
          const item = { bytes: one.push };
          const expected =
            model.length >= 5
              ? "calls"
              : bytes() + one.push > 100
                ? "bytes"
                : bytes() + one.push > 80
                  ? "total bytes"
                  : undefined;
          expect(queue.push(item)).toBe(expected);
          if (expected === undefined) model.push(item);
        } else {
          const item = model[one.remove];
          if (item !== undefined) expect(queue.remove(item)).toBe(true);
          if (item !== undefined) expect(queue.remove(item)).toBe(false);
          model = model.filter((kept) => kept !== item);
        }
        expect([queue.size, queue.bytes, budget.left]).toEqual([model.length, bytes(), 80 - bytes()]);
      }
    }),
  );
});
