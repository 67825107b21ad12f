import { setTimeout as sleep } from "node:timers/promises";
import fc from "fast-check";
import { expect, test } from "vitest";
import { Deadlines, slotFor } from "./deadlines.ts";

interface Entry {
  name: string;
  due: number;
}

test("a slot is never before the time, and at most 8 ms or two thousandths of the wait after it", () => {
  fc.assert(
    fc.property(
      // Times as performance.now() gives them, to the microsecond.
      fc.nat({ max: 1e15 }).map((microseconds) => microseconds / 1e6),
      fc.nat({ max: 1e15 }).map((microseconds) => microseconds / 1e6),
      (now, wait) => {
        const late = slotFor(now + wait, now) - (now + wait);
        expect(late).toBeGreaterThanOrEqual(0);
        expect(late).toBeLessThanOrEqual(Math.max(8, wait / 500));
      },
    ),
  );
});

test("entries fire after their time, once; deleted ones never", async () => {
  const fired: string[] = [];
  const deadlines = new Deadlines<Entry>((entry) => {
    expect(performance.now()).toBeGreaterThanOrEqual(entry.due);
    fired.push(entry.name);
  });
  const now = performance.now();
  const entry = (name: string, ms: number): Entry => ({ name, due: now + ms });
  const deleted = entry("deleted", 30);
  const moved = entry("moved", 20);
  for (const each of [entry("later", 120), entry("soon", 20), deleted, moved, entry("past", -5)])
    deadlines.add(each);
  deadlines.add(entry("never", Number.POSITIVE_INFINITY));
  deadlines.delete(deleted);
  moved.due = now + 60;
  deadlines.add(moved);
  expect(deadlines.size).toBe(4);
  await sleep(400);
  expect(fired).toEqual(["past", "soon", "moved", "later"]);
  expect(deadlines.size).toBe(0);
});

test("an entry may be added again from its own firing", async () => {
  let count = 0;
  const deadlines = new Deadlines<Entry>((entry) => {
    count++;
    if (count === 3) return;
    entry.due = performance.now() + 10;
    deadlines.add(entry);
  });
  deadlines.add({ name: "again", due: performance.now() });
  await sleep(300);
  expect(count).toBe(3);
});
