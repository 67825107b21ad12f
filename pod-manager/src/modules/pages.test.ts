import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { pageOf } from "./pages.ts";

const items = (names: Iterable<string>) => [...names].map((name) => ({ name }));
const all = () => true;

describe("pageOf", () => {
  it("gives every item that stays exactly once, whatever comes and goes between pages", () => {
    const name = fc.string({ minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(
        fc.uniqueArray(name),
        fc.integer({ min: 1, max: 5 }),
        fc.array(fc.record({ add: fc.boolean(), name }), { maxLength: 20 }),
        (start, pageSize, changes) => {
          const there = new Set(start);
          const stay = new Set(start);
          const seen: string[] = [];
          let pageToken = "";
          do {
            const page = pageOf(items(there), { pageSize, pageToken, filter: "" }, all);
            expect(page.items.length).toBeLessThanOrEqual(pageSize);
            seen.push(...page.items.map((item) => item.name));
            pageToken = page.nextPageToken;
            const change = changes.pop();
            if (change?.add === true) there.add(change.name);
            if (change?.add === false) {
              there.delete(change.name);
              stay.delete(change.name);
            }
          } while (pageToken !== "");
          expect(seen).toEqual([...new Set(seen)].sort((a, b) => (a < b ? -1 : 1)));
          for (const one of stay) expect(seen).toContain(one);
        },
      ),
    );
  });

  it("has 50 by default and never more than 1,000", () => {
    const many = items(Array.from({ length: 1500 }, (_, index) => `n${String(index).padStart(4, "0")}`));
    expect(pageOf(many, { pageSize: 0, pageToken: "", filter: "" }, all).items).toHaveLength(50);
    expect(pageOf(many, { pageSize: 5000, pageToken: "", filter: "" }, all).items).toHaveLength(1000);
    expect(() => pageOf(many, { pageSize: -1, pageToken: "", filter: "" }, all)).toThrow("page_size");
  });

  it("refuses tokens that are none, or of another filter", () => {
    const { nextPageToken } = pageOf(items(["a", "b"]), { pageSize: 1, pageToken: "", filter: "x" }, all);
    expect(() => pageOf([], { pageSize: 1, pageToken: nextPageToken, filter: "y" }, all)).toThrow(
      "another filter",
    );
    for (const pageToken of ["zzz", "e30", "\0", "bnVsbA"])
      expect(() => pageOf([], { pageSize: 1, pageToken, filter: "" }, all)).toThrow("page_token");
  });
});
