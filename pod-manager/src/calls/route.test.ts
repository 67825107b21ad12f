import fc from "fast-check";
import { expect, test } from "vitest";
import { type Candidate, route } from "./route.ts";

const candidate: fc.Arbitrary<Candidate> = fc.record({
  usable: fc.boolean(),
  generation: fc.bigInt({ min: 1n, max: 3n }),
  inFlight: fc.nat(8),
  maxInFlight: fc.nat(8),
});

test("takes the least loaded of the newest generation's usable pods, and only those with room", () => {
  fc.assert(
    fc.property(fc.array(candidate, { maxLength: 6 }), fc.nat(100), (candidates, turn) => {
      const usable = candidates.filter((one) => one.usable);
      const newest = [3n, 2n, 1n].find((generation) => usable.some((one) => one.generation === generation));
      const open = usable.filter((one) => one.generation === newest && one.inFlight < one.maxInFlight);
      const found = route(candidates, turn);
      if (open.length === 0) {
        expect(found).toBeUndefined();
        return;
      }
      expect(open).toContain(found);
      expect(found?.inFlight).toBe(Math.min(...open.map((one) => one.inFlight)));
    }),
  );
});

test("equals take turns", () => {
  const pods = Array.from({ length: 3 }, () => ({
    usable: true,
    generation: 1n,
    inFlight: 0,
    maxInFlight: 9,
  }));
  expect(new Set([0, 1, 2].map((turn) => route(pods, turn)))).toEqual(new Set(pods));
});
