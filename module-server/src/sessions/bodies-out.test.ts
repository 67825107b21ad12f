import fc from "fast-check";
import { expect, test } from "vitest";
import { BodiesOut } from "./bodies-out.ts";

const MIB = 1024 * 1024;

const step = fc.oneof(
  fc.record({ kind: fc.constant("add" as const), total: fc.integer({ min: 65_537, max: 5 * MIB }) }),
  fc.record({ kind: fc.constant("piece" as const), at: fc.nat(), bytes: fc.integer({ min: 1, max: MIB }) }),
  fc.record({ kind: fc.constant("drop" as const), at: fc.nat() }),
  fc.record({ kind: fc.constant("pump" as const), open: fc.boolean() }),
);

test("never more than two pieces are asked for at once, and every body that is kept comes whole", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 100 }), (steps) => {
      const asked = new Map<number, number>();
      const left = new Map<number, number>();
      let next = 1;
      const bodies = new BodiesOut((linkId, bytes) => {
        expect(bytes).toBeGreaterThan(0);
        expect(bytes).toBeLessThan(MIB);
        asked.set(linkId, (asked.get(linkId) ?? 0) + bytes);
        expect([...asked.values()].filter((count) => count > 0).length).toBeLessThanOrEqual(2);
      });
      const piece = (linkId: number, bytes: number) => {
        const most = Math.min(bytes, asked.get(linkId) ?? 0);
        asked.set(linkId, (asked.get(linkId) ?? 0) - most);
        left.set(linkId, (left.get(linkId) ?? 0) - most);
        expect(bodies.take(linkId, most)).toMatchObject({ linkId });
      };
      const waited = () =>
        [...asked].filter(([linkId, count]) => count > 0 && left.has(linkId)).map(([id]) => id);
      for (const action of steps) {
        if (action.kind === "add") {
          left.set(next, action.total);
          bodies.add({ linkId: next, id: next, callback: false, total: action.total });
          next++;
        } else if (action.kind === "piece") {
          const from = waited();
          const linkId = from[action.at % from.length];
          if (linkId !== undefined) piece(linkId, action.bytes);
        } else if (action.kind === "drop") {
          const there = [...left.keys()];
          const linkId = there[action.at % there.length];
          if (linkId === undefined) continue;
          bodies.drop(linkId);
          left.delete(linkId);
          asked.delete(linkId);
          expect(bodies.take(linkId, 1)).toBeUndefined();
        } else {
          bodies.pump(action.open);
        }
        for (const [linkId, bytes] of left) if (bytes === 0) left.delete(linkId);
      }
      for (let rounds = 0; left.size > 0 && rounds < 10_000; rounds++) {
        bodies.pump(true);
        for (const linkId of waited()) piece(linkId, MIB);
        for (const [linkId, bytes] of left) if (bytes === 0) left.delete(linkId);
      }
      expect(left.size).toBe(0);
    }),
  );
});

test("bodies take turns", () => {
  const turns: number[] = [];
  const bodies = new BodiesOut((linkId) => turns.push(linkId));
  for (const linkId of [1, 2, 3]) bodies.add({ linkId, id: linkId, callback: false, total: 3 * MIB });
  bodies.pump(false);
  expect(turns).toEqual([]);
  bodies.pump(true);
  for (let count = 0; count < 4; count++) {
    bodies.take(turns[count] ?? 0, MIB - 1024);
    bodies.pump(true);
  }
  expect(turns).toEqual([1, 2, 3, 1, 2, 3]);
});
