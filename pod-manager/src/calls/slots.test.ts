import { describe, expect, it } from "vitest";
import { Slots } from "./slots.ts";

describe("the slots of a pod", () => {
  it("are one running and one next call a worker where calls are long", () => {
    const slots = new Slots();
    expect(slots.limit(0, 1)).toBe(2);
    slots.finished(5000);
    slots.finished(9000);
    expect(slots.limit(9100, 1)).toBe(2);
    expect(slots.limit(9100, 4)).toBe(8);
  });

  it("grow with the calls that end, and shrink when none does", () => {
    const slots = new Slots();
    for (let ms = 1000; ms < 2000; ms++) slots.finished(ms);
    expect(slots.limit(2000, 1)).toBe(101);
    expect(slots.limit(2150, 1)).toBe(2);
  });

  it("follow 50 ms calls: two in a span, so three at once", () => {
    const slots = new Slots();
    for (let ms = 0; ms < 1000; ms += 50) slots.finished(ms);
    expect(slots.limit(1000, 1)).toBe(3);
  });
});
