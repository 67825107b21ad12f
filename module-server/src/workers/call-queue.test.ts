import fc from "fast-check";
import { expect, test } from "vitest";
import { Call, type Caller } from "../calls/call.ts";
import { CallQueue } from "./call-queue.ts";

function caller(): Caller {
  return { result: () => {}, item: () => {}, end: () => {}, error: () => {} };
}

const callers = [caller(), caller(), caller()] as const;
const action = fc.oneof(
  fc.record({ type: fc.constantFrom("add", "putBack"), who: fc.nat(2) }),
  fc.record({ type: fc.constantFrom("take", "hold", "release", "delete"), who: fc.nat(2) }),
);

test("no call is lost or given twice, and none of a held caller is given", () => {
  fc.assert(
    fc.property(fc.array(action, { maxLength: 60 }), (actions) => {
      const queue = new CallQueue();
      const inside = new Set<Call>();
      const held = new Set<Caller>();
      let id = 0;
      for (const { type, who } of actions) {
        const by = callers[who] ?? callers[0];
        if (type === "add" || type === "putBack") {
          const call = new Call(by, ++id, Buffer.alloc(0), Number.POSITIVE_INFINITY);
          inside.add(call);
          queue[type](call);
        } else if (type === "hold") {
          queue.hold(by);
          held.add(by);
        } else if (type === "release") {
          queue.release(by);
          held.delete(by);
        } else {
          const [some] = inside;
          const call = type === "take" ? queue.first() : some;
          if (call === undefined) continue;
          if (type === "take") expect(held.has(call.caller)).toBe(false);
          expect(inside.delete(call)).toBe(true);
          queue.delete(call);
        }
        expect(queue.size).toBe([...inside].filter((call) => !held.has(call.caller)).length);
      }
      expect(new Set(queue.clear())).toEqual(inside);
      expect([queue.size, queue.first()]).toEqual([0, undefined]);
    }),
  );
});

test("what came back goes first", () => {
  const queue = new CallQueue();
  const [one, two, three] = [1, 2, 3].map((id) => new Call(callers[0], id, Buffer.alloc(0), 0));
  if (one === undefined || two === undefined || three === undefined) throw new Error("three calls");
  queue.add(one);
  queue.add(two);
  queue.putBack(three);
  const order: number[] = [];
  for (let call = queue.first(); call !== undefined; call = queue.first()) {
    order.push(call.id);
    queue.delete(call);
  }
  expect(order).toEqual([3, 1, 2]);
});
