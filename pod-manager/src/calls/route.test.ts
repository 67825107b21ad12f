import fc from "fast-check";
import { expect, test } from "vitest";
import { type Candidate, route } from "./route.ts";

const candidate: fc.Arbitrary<Candidate> = fc.record({
  name: fc.string(),
  usable: fc.boolean(),
  generation: fc.bigInt({ min: 1n, max: 3n }),
  inFlight: fc.nat(8),
  maxInFlight: fc.nat(8),
  sessions: fc.nat(8),
  isSpared: fc.constant(false),
});

test("takes the least loaded of the newest generation's usable pods, and only those with room", () => {
  fc.assert(
    fc.property(fc.array(candidate, { maxLength: 6 }), fc.nat(100), (candidates, turn) => {
      const usable = candidates.filter((one) => one.usable);
      const newest = [3n, 2n, 1n].find((generation) => usable.some((one) => one.generation === generation));
      const open = usable.filter((one) => one.generation === newest && one.inFlight < one.maxInFlight);
      const found = route(candidates, turn, "call");
      if (open.length === 0) {
        expect(found).toBeUndefined();
        return;
      }
      expect(open).toContain(found);
      expect(found?.inFlight).toBe(Math.min(...open.map((one) => one.inFlight)));
    }),
  );
});

test("a session goes to the pod with the fewest of them, however many calls are in flight there", () => {
  fc.assert(
    fc.property(fc.array(candidate, { maxLength: 6 }), fc.nat(100), (candidates, turn) => {
      const usable = candidates.filter((one) => one.usable);
      const newest = [3n, 2n, 1n].find((generation) => usable.some((one) => one.generation === generation));
      const open = usable.filter((one) => one.generation === newest);
      const found = route(candidates, turn, "session");
      if (open.length === 0) expect(found).toBeUndefined();
      else expect(open).toContain(found);
      if (found !== undefined) expect(found.sessions).toBe(Math.min(...open.map((one) => one.sessions)));
    }),
  );
});

test("equals take turns", () => {
  const pods = Array.from({ length: 3 }, (_, n) => ({
    name: `${n}`,
    usable: true,
    generation: 1n,
    inFlight: 0,
    maxInFlight: 9,
    sessions: 0,
    isSpared: false,
  }));
  for (const load of ["call", "session"] as const)
    expect(new Set([0, 1, 2].map((turn) => route(pods, turn, load)))).toEqual(new Set(pods));
});

test("who comes with the same affinity goes to the same pod, also when others come and go", () => {
  fc.assert(
    fc.property(fc.array(candidate, { maxLength: 6 }), fc.nat(100), fc.string(), (candidates, turn, key) => {
      const pods = candidates.map((one, n) => ({ ...one, name: `${one.name} ${n}` }));
      const found = route(pods, turn, "call", key);
      const without = pods.filter((one) => one === found || !one.usable || one.name.length % 2 === 0);
      expect(found === undefined).toBe(pods.every((one) => !one.usable));
      expect(route(without.toReversed(), turn + 1, "call", key)).toBe(found);
    }),
  );
});

test("affinities are spread over the pods", () => {
  const pods = ["a", "b", "c"].map((name) => ({
    name,
    usable: true,
    generation: 1n,
    inFlight: 0,
    maxInFlight: 9,
    sessions: 0,
    isSpared: false,
  }));
  const found = Array.from({ length: 300 }, (_, n) => route(pods, 0, "call", `request ${n}`)?.name);
  for (const { name } of pods) expect(found.filter((one) => one === name).length).toBeGreaterThan(50);
});

test("one that is spared gets nothing, unless all are", () => {
  const pod = { usable: true, generation: 1n, inFlight: 0, maxInFlight: 9, sessions: 0 };
  const good = { ...pod, name: "good", inFlight: 5, sessions: 5, isSpared: false };
  const spared = { ...pod, name: "spared", isSpared: true };
  for (const load of ["call", "session"] as const) {
    expect(route([spared, good], 0, load)).toBe(good);
    expect(route([spared, { ...good, usable: false }], 0, load)).toBe(spared);
    expect(route([spared], 0, load)).toBe(spared);
  }
  expect(route([spared, { ...good, inFlight: 9 }], 0, "call")).toBeUndefined();
});
