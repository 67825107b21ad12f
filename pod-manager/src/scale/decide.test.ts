import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { beginMemory, decide, type Memory, type Observation, STEP_MS } from "./decide.ts";
import { type ScalingSettings, scalingSettings } from "./settings.ts";
import { anyHistory, anyObservation, anySettings } from "./testing/any-scaling.ts";

const settings: ScalingSettings = { ...scalingSettings(undefined), maxPods: 20 };
const quiet: Observation = { stable: 0, panic: 0, load: 0, ready: 1, held: 0, capacity: 1 };

/** A second a decision, on the same observation. */
function hold(memory: Memory, seen: Observation, seconds: number, by: ScalingSettings = settings): Memory {
  let now = memory;
  for (let second = 0; second < seconds; second++) now = decide(now, seen, by, now.at + 1000).memory;
  return now;
}

describe("the number of pods", () => {
  it("is never outside its bounds", () => {
    fc.assert(
      fc.property(anySettings, anyHistory, (by, history) => {
        let memory = beginMemory(by, 1e6);
        let now = 1e6;
        for (const [seen, ms] of history) {
          now += ms;
          const { memory: next, decision } = decide(memory, seen, by, now);
          expect(decision.wanted).toBeGreaterThanOrEqual(by.minPods);
          expect(decision.wanted).toBeLessThanOrEqual(by.maxPods);
          expect(decision.wanted).toBe(next.wanted);
          expect(decision.reason).not.toBe("");
          memory = next;
        }
      }),
    );
  });

  it("falls no faster than the rate, a step at a time, and never below what sessions hold", () => {
    fc.assert(
      fc.property(anySettings, anyHistory, (by, history) => {
        let memory = beginMemory(by, 1e6);
        let now = 1e6;
        let lowered = Number.NEGATIVE_INFINITY;
        for (const [seen, ms] of history) {
          now += ms;
          if (ms < 0) lowered = Number.NEGATIVE_INFINITY;
          const { wanted } = decide(memory, seen, by, now).decision;
          if (wanted < memory.wanted) {
            if (wanted > 0)
              expect(wanted).toBeGreaterThanOrEqual(Math.floor(memory.wanted / by.maxScaleDownRate));
            else expect(memory.wanted).toBe(1);
            if (wanted > 0) expect(now - lowered).toBeGreaterThanOrEqual(STEP_MS);
            expect(wanted).toBeGreaterThanOrEqual(Math.min(seen.held, by.maxPods));
            lowered = now;
          }
          memory = decide(memory, seen, by, now).memory;
        }
      }),
    );
  });

  it("rises no faster than the rate", () => {
    fc.assert(
      fc.property(anySettings, anyObservation, (by, seen) => {
        const { wanted } = decide(beginMemory(by, 0), seen, by, 1000).decision;
        const most = Math.ceil(by.maxScaleUpRate * Math.max(1, seen.ready));
        expect(wanted).toBeLessThanOrEqual(Math.max(most, by.initialPods, by.minPods, seen.held));
      }),
    );
  });

  it("is the larger the larger the load is", () => {
    const growing = fc.tuple(anyObservation, fc.nat(100), fc.nat(100), fc.nat(100));
    fc.assert(
      fc.property(anySettings, anyHistory, growing, (by, history, [less, stable, panic, load]) => {
        let memory = beginMemory(by, 1e6);
        let now = 1e6;
        for (const [seen, ms] of history) {
          now += ms;
          memory = decide(memory, seen, by, now).memory;
        }
        const more = {
          ...less,
          stable: less.stable === undefined ? undefined : less.stable + stable,
          panic: less.panic === undefined ? undefined : less.panic + panic,
          load: less.load + load,
        };
        const wanted = (seen: Observation) => decide(memory, seen, by, now + 1000).decision.wanted;
        expect(wanted(more)).toBeGreaterThanOrEqual(wanted(less));
      }),
    );
  });
});

describe("from zero and back", () => {
  it("a module that is not used goes to zero after the idle timeout, and the next call wakes it", () => {
    const idle = hold(beginMemory(settings, 0), quiet, 300);
    expect(idle.wanted).toBe(1);
    const gone = decide(idle, quiet, settings, idle.at + 2000);
    expect(gone.decision).toEqual({ wanted: 0, reason: "No call and no session for 300 s" });
    const woken = decide(gone.memory, { ...quiet, ready: 0, load: 1 }, settings, 1e9);
    expect(woken.decision).toEqual({ wanted: 1, reason: "A call waits" });
  });

  it("a thousand first calls want one pod, and more only when they still wait after the panic window", () => {
    const crowd = { ...quiet, ready: 0, load: 1000, stable: 1000, panic: 1000 };
    const woken = hold({ ...beginMemory(settings, 0), wanted: 0 }, crowd, 6);
    expect(woken.wanted).toBe(1);
    expect(hold(woken, crowd, 2).wanted).toBe(10);
  });

  it("a load that is over when the pod is there starts no other", () => {
    const over = { ...quiet, stable: 300, panic: 300 };
    expect(hold(beginMemory(settings, 0), over, 10).wanted).toBe(1);
  });

  it("sessions keep their pods, however long nothing is called", () => {
    const held = hold(beginMemory(settings, 0), { ...quiet, ready: 2, held: 2 }, 2000);
    expect(held.wanted).toBe(2);
    expect(hold(held, quiet, 2000).wanted).toBe(0);
  });

  it("min_pods stay", () => {
    const by = { ...settings, minPods: 2 };
    expect(hold(beginMemory(by, 0), { ...quiet, ready: 2 }, 2000, by).wanted).toBe(2);
  });
});

describe("what was not observed", () => {
  it("is not idle: a clock that was set ahead takes no pod away", () => {
    const five = hold(
      { ...beginMemory(settings, 0), wanted: 5 },
      { ...quiet, load: 3, stable: 3, panic: 3 },
      100,
    );
    const after = decide(five, quiet, settings, five.at + 3_600_000);
    expect(after.decision.wanted).toBe(five.wanted);
    expect(hold(after.memory, quiet, 50).wanted).toBe(five.wanted);
  });

  it("is not idle: lost reports take no pod away", () => {
    const lost = { ...quiet, stable: undefined, panic: undefined };
    expect(hold({ ...beginMemory(settings, 0), wanted: 5 }, lost, 5000).wanted).toBe(5);
  });
});

describe("settings that change", () => {
  it("count from the next decision on", () => {
    const five = { ...beginMemory(settings, 0), wanted: 5 };
    expect(decide(five, quiet, { ...settings, maxPods: 3 }, 1000).decision).toEqual({
      wanted: 3,
      reason: "max_pods",
    });
    expect(decide(five, quiet, { ...settings, minPods: 7 }, 1000).decision).toEqual({
      wanted: 7,
      reason: "min_pods",
    });
  });
});
