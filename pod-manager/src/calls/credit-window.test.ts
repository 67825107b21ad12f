import fc from "fast-check";
import { expect, test } from "vitest";
import { CreditWindow } from "./credit-window.ts";

test("the worker is never more than 16 items ahead, never without credit for ever, and large items narrow it", () => {
  const sizes = fc.array(fc.integer({ min: 0, max: 9_000_000 }), { minLength: 1, maxLength: 100 });
  fc.assert(
    fc.property(sizes, fc.infiniteStream(fc.boolean()), (items, deliverNow) => {
      const window = new CreditWindow();
      let credit = window.first;
      let waiting = 0;
      const deliver = (): void => {
        waiting -= 1;
        credit += window.delivered();
      };
      let largest = 0;
      for (const size of items) {
        while (credit === 0) {
          expect(waiting).toBeGreaterThan(0);
          deliver();
        }
        credit -= 1;
        waiting += 1;
        largest = Math.max(largest, size);
        window.received(size);
        if (deliverNow.next().value) deliver();
        expect(credit + waiting).toBeLessThanOrEqual(16);
      }
      while (waiting > 0) deliver();
      expect(credit).toBeGreaterThan(0);
    }),
  );
});

test("small items open the window, large ones close it", () => {
  const small = new CreditWindow();
  small.received(100);
  small.received(100);
  expect([small.delivered(), small.delivered()]).toEqual([15, 0]);
  const large = new CreditWindow();
  large.received(8_000_000);
  large.received(8_000_000);
  expect([large.delivered(), large.delivered()]).toEqual([0, 1]);
});
