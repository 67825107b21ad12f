import { Pod, Pod_State } from "@podule/proto/podule/v1/pods.ts";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { nextStep, type Situation } from "./next-step.ts";

const state = fc.constantFrom(
  Pod_State.STARTING,
  Pod_State.READY,
  Pod_State.DRAINING,
  Pod_State.SUCCEEDED,
  Pod_State.FAILED,
);
const situation: fc.Arbitrary<Situation> = fc.record({
  deleting: fc.boolean(),
  generation: fc.constant(3n),
  pods: fc
    .array(fc.record({ state, generation: fc.constantFrom(1n, 2n, 3n) }), { maxLength: 6 })
    .map((pods) => pods.map((pod, index) => Pod.create({ ...pod, name: `pods/${index}` }))),
  wanted: fc.nat(4),
  failed: fc.boolean(),
  prepared: fc.boolean(),
});

const pod = (generation: bigint, of: Pod_State) =>
  Pod.create({ name: `pods/${generation}`, generation, state: of });
const base: Situation = {
  deleting: false,
  generation: 2n,
  pods: [],
  wanted: 1,
  failed: false,
  prepared: false,
};

describe("nextStep", () => {
  it("never takes the last pod that answers before a new one does", () => {
    fc.assert(
      fc.property(situation, (one) => {
        const { drain } = nextStep(one);
        const ready = one.pods.filter(({ state }) => state === Pod_State.READY);
        if (one.deleting || one.wanted === 0 || ready.length === 0) return;
        expect(ready.some(({ name }) => !drain.includes(name))).toBe(true);
      }),
    );
  });

  it("never has more pods of a generation than wanted, and drains only what is active", () => {
    fc.assert(
      fc.property(situation, (one) => {
        const { drain, create } = nextStep(one);
        const active = one.pods.filter(
          ({ state }) => state === Pod_State.STARTING || state === Pod_State.READY,
        );
        for (const name of drain) expect(active.some((pod) => pod.name === name)).toBe(true);
        const kept = active.filter(
          ({ name, generation }) => generation === one.generation && !drain.includes(name),
        );
        expect(kept.length + create).toBeLessThanOrEqual(one.wanted);
        if (one.deleting) expect(create).toBe(0);
      }),
    );
  });

  it("prepares, starts, and only then replaces", () => {
    const old = pod(1n, Pod_State.READY);
    expect(nextStep({ ...base, pods: [old] })).toMatchObject({
      prepare: true,
      drain: [],
      phase: "preparing",
    });
    expect(nextStep({ ...base, pods: [old], prepared: true })).toMatchObject({ create: 1, drain: [] });
    const starting = pod(2n, Pod_State.STARTING);
    expect(nextStep({ ...base, pods: [old, starting] })).toMatchObject({
      create: 0,
      drain: [],
      phase: "starting",
    });
    const ready = pod(2n, Pod_State.READY);
    expect(nextStep({ ...base, pods: [old, ready] })).toMatchObject({ drain: ["pods/1"], phase: "ready" });
  });

  it("leaves the old pod answering where the new generation fails", () => {
    const step = nextStep({ ...base, pods: [pod(1n, Pod_State.READY)], failed: true });
    expect(step).toMatchObject({ drain: [], create: 0, phase: "failed" });
  });

  it("takes every pod where none is wanted", () => {
    const pods = [pod(1n, Pod_State.READY), pod(2n, Pod_State.READY)];
    expect(nextStep({ ...base, wanted: 0, pods })).toMatchObject({
      drain: ["pods/1", "pods/2"],
      create: 0,
      phase: "idle",
    });
  });

  it("is ready while one pod is, whatever becomes of the others that are wanted", () => {
    const pods = [pod(2n, Pod_State.READY)];
    expect(nextStep({ ...base, wanted: 3, pods })).toMatchObject({ prepare: true, phase: "ready" });
    expect(nextStep({ ...base, wanted: 3, pods, prepared: true })).toMatchObject({
      create: 2,
      phase: "ready",
    });
    expect(nextStep({ ...base, wanted: 3, pods, failed: true })).toMatchObject({ create: 0, phase: "ready" });
  });

  it("keeps the first ready ones of those that it has too many of", () => {
    const pods = ["a", "b", "c"].map((name) => ({ ...pod(2n, Pod_State.READY), name }));
    expect(nextStep({ ...base, wanted: 2, pods }).drain).toEqual(["c"]);
  });

  it("removes a deleted module when the last pod has gone", () => {
    const draining = pod(2n, Pod_State.DRAINING);
    expect(nextStep({ ...base, deleting: true, pods: [draining] })).toMatchObject({
      remove: false,
      drain: [],
    });
    expect(nextStep({ ...base, deleting: true, pods: [pod(2n, Pod_State.SUCCEEDED)] })).toMatchObject({
      remove: true,
    });
  });
});
