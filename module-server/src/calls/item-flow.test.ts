import fc from "fast-check";
import { expect, test } from "vitest";
import { ItemFlow, MAX_AHEAD } from "./item-flow.ts";

test("never more than allowed, never more than 16 ahead, and nothing is forgotten", () => {
  fc.assert(
    fc.property(
      fc.nat(100),
      fc.array(fc.oneof(fc.constant("item"), fc.nat(50), fc.boolean()), { maxLength: 200 }),
      (first, events) => {
        const flow = new ItemFlow(first);
        let allowed = first;
        let granted = 0;
        let received = 0;
        const look = () => {
          granted += flow.grant();
          expect(granted).toBeLessThanOrEqual(allowed);
          expect(granted - received).toBeLessThanOrEqual(MAX_AHEAD);
        };
        look();
        for (const event of events) {
          if (typeof event === "number") {
            flow.allow(event);
            allowed += event;
          } else if (typeof event === "boolean") {
            flow.setOpen(event);
          } else if (granted > received) {
            flow.received(100);
            received++;
          }
          look();
        }
        flow.setOpen(true);
        while (received < allowed) {
          look();
          expect(granted).toBeGreaterThan(received);
          flow.received(100);
          received++;
        }
      },
    ),
  );
});

test("large items are asked for one at a time", () => {
  const flow = new ItemFlow(100);
  flow.grant();
  for (let count = 0; count < 4; count++) flow.received(10_000_000);
  expect(flow.grant()).toBe(1);
  expect(flow.grant()).toBe(0);
});

test("a stream that another worker begins has all its credit", () => {
  const flow = new ItemFlow(3);
  expect(flow.grant()).toBe(3);
  flow.reset();
  expect(flow.grant()).toBe(3);
});
