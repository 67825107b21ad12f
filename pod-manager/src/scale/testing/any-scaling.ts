import fc from "fast-check";
import type { Observation } from "../decide.ts";
import type { ScalingSettings } from "../settings.ts";

export const anySettings: fc.Arbitrary<ScalingSettings> = fc
  .record({
    pods: fc.tuple(fc.integer({ min: 0, max: 50 }), fc.integer({ min: 1, max: 50 })),
    initialPods: fc.integer({ min: 1, max: 50 }),
    targetUtilization: fc.double({ min: 0.05, max: 1, noNaN: true }),
    stableWindow: fc.constantFrom(1000, 10_000, 60_000),
    panicThreshold: fc.double({ min: 1.1, max: 10, noNaN: true }),
    maxScaleUpRate: fc.double({ min: 1.1, max: 100, noNaN: true }),
    maxScaleDownRate: fc.double({ min: 1.1, max: 10, noNaN: true }),
    scaleDownDelay: fc.constantFrom(0, 5000, 30_000),
    idleTimeout: fc.constantFrom(1000, 5000, 300_000),
  })
  .map(({ pods: [a, b], ...rest }) => ({
    ...rest,
    minPods: Math.min(a, b),
    maxPods: Math.max(a, b),
    leaseTimeout: Number.POSITIVE_INFINITY,
    panicWindow: Math.max(1000, rest.stableWindow / 10),
  }));

const load = fc.oneof(fc.constant(0), fc.double({ min: 0, max: 200, noNaN: true }));

export const anyObservation: fc.Arbitrary<Observation> = fc.record({
  stable: fc.option(load, { nil: undefined }),
  panic: fc.option(load, { nil: undefined }),
  load: fc.oneof(fc.constant(0), fc.nat(200)),
  ready: fc.nat(50),
  held: fc.oneof(fc.constant(0), fc.nat(50)),
  capacity: fc.integer({ min: 1, max: 8 }),
});

/** An observation, and the milliseconds since the one before: sometimes a clock that was set. */
export const anyHistory = fc.array(
  fc.tuple(anyObservation, fc.oneof(fc.integer({ min: 0, max: 5000 }), fc.constantFrom(60_000, -60_000))),
  { minLength: 1, maxLength: 60 },
);
