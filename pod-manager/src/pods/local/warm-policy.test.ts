import fc from "fast-check";
import { expect, test } from "vitest";
import { IDLE_MS, recentClaims, toEvict, warmTarget } from "./warm-policy.ts";

const MINUTE = 60_000;

test("as many wait as were wanted together, none when nobody came for long", () => {
  expect(warmTarget(4, [], 0)).toBe(0);
  expect(warmTarget(4, [0], 0)).toBe(1);
  expect(warmTarget(4, [0, 1, 2], MINUTE)).toBe(3);
  expect(warmTarget(2, [0, 1, 2], MINUTE)).toBe(2);
  expect(warmTarget(4, [0, MINUTE, 2 * MINUTE], 3 * MINUTE)).toBe(1);
  expect(warmTarget(4, [0, 1, 2], IDLE_MS + 3)).toBe(0);
  expect(warmTarget(0, [0], 0)).toBe(0);
});

test("what is forgotten of the claims changes no target", () => {
  fc.assert(
    fc.property(fc.array(fc.nat(3 * IDLE_MS)), fc.nat(3 * IDLE_MS), (times, now) => {
      const claims = times.filter((time) => time <= now).sort((a, b) => a - b);
      expect(warmTarget(100, recentClaims(claims, now), now)).toBe(warmTarget(100, claims, now));
    }),
  );
});

const parked = fc.record({ bytes: fc.nat(100), since: fc.nat(1000) });

test("what stays parked is within the limits, and younger than all that goes", () => {
  fc.assert(
    fc.property(fc.array(parked), fc.nat(5), fc.nat(300), fc.nat(1000), (pods, count, bytes, longest) => {
      const gone = toEvict(pods, { pods: count, bytes }, longest, 1000);
      const kept = pods.filter((pod) => !gone.includes(pod));
      expect(kept.length).toBeLessThanOrEqual(count);
      expect(kept.reduce((sum, pod) => sum + pod.bytes, 0)).toBeLessThanOrEqual(bytes);
      expect(kept.every((pod) => 1000 - pod.since < longest)).toBe(true);
      for (const pod of kept) expect(gone.every((other) => other.since <= pod.since)).toBe(true);
    }),
  );
});

test("nothing goes that fits", () => {
  const pods = [1, 2, 3].map((since) => ({ bytes: 10, since }));
  expect(toEvict(pods, { pods: 3, bytes: 30 }, MINUTE, 10)).toEqual([]);
  expect(toEvict(pods, { pods: 2, bytes: 30 }, MINUTE, 10)).toEqual([pods[0]]);
  expect(toEvict(pods, { pods: 3, bytes: 29 }, MINUTE, 10)).toEqual([pods[0]]);
  expect(toEvict(pods, { pods: 3, bytes: 30 }, 8, 10)).toEqual(pods.slice(0, 2));
});
