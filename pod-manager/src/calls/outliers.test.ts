import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { OUTLIERS, Outliers } from "./outliers.ts";

interface SimulatedPod {
  readonly name: string;
  /** Of a call that begins then; an error is negative. */
  latency(now: number): number;
}

/** `callers` who call one after the other, each the pod with the fewest calls in flight, for `seconds`. */
function simulate(pods: readonly SimulatedPod[], seconds: number, callers = 8) {
  const outliers = new Outliers();
  for (const { name } of pods) outliers.add(name, 0);
  const inFlight = new Map(pods.map(({ name }) => [name, 0]));
  const calls = new Map<string, number[]>(pods.map(({ name }) => [name, []]));
  let ends: { at: number; name: string; latency: number }[] = [];
  let mostEjected = 0;
  const begin = (now: number, turn: number) => {
    const rotated = pods.map((_, n) => pods[(n + turn) % pods.length]).filter((one) => one !== undefined);
    const open = rotated.filter(({ name }) => {
      const standing = outliers.standing(name, now);
      return standing === "good" || (standing === "probing" && inFlight.get(name) === 0);
    });
    const [pod] = open.sort((a, b) => (inFlight.get(a.name) ?? 0) - (inFlight.get(b.name) ?? 0));
    if (pod === undefined) throw new Error("every pod is ejected");
    const latency = pod.latency(now);
    inFlight.set(pod.name, (inFlight.get(pod.name) ?? 0) + 1);
    calls.get(pod.name)?.push(now);
    ends.push({ at: now + Math.max(1, Math.abs(latency)), name: pod.name, latency });
  };
  for (let caller = 0; caller < callers; caller++) begin(0, caller);
  let turn = 0;
  for (let now = 0; now < seconds * 1000; ) {
    ends.sort((a, b) => a.at - b.at);
    const [end] = ends;
    if (end === undefined) break;
    ends = ends.slice(1);
    now = end.at;
    inFlight.set(end.name, (inFlight.get(end.name) ?? 1) - 1);
    outliers.ended(end.name, now, Math.abs(end.latency), end.latency < 0);
    const ejected = pods.filter(({ name }) => outliers.standing(name, now) !== "good").length;
    mostEjected = Math.max(mostEjected, ejected);
    begin(now, turn++);
  }
  return {
    mostEjected,
    count: (name: string, from = 0, to = seconds) =>
      (calls.get(name) ?? []).filter((at) => at >= from * 1000 && at < to * 1000).length,
  };
}

/** The same numbers on each run. */
function random(seed: number): () => number {
  let state = seed + 1;
  return () => {
    state = (state * 1_103_515_245 + 12_345) % 2 ** 31;
    return state / 2 ** 31;
  };
}

const even = (name: string, ms: number): SimulatedPod => ({ name, latency: () => ms });

describe("outliers", () => {
  test("a slow pod is spared within seconds, and only probed from then on", () => {
    const { count } = simulate([even("a", 10), even("b", 10), even("slow", 200)], 60);
    expect(count("slow", 0, 10)).toBeGreaterThan(0);
    expect(count("slow", 10, 60)).toBeLessThan(10);
    expect(count("a", 10, 60)).toBeGreaterThan(1000);
  });

  test("one that recovers comes back in full", () => {
    const recovering = { name: "slow", latency: (now: number) => (now < 20_000 ? 200 : 10) };
    const { count } = simulate([even("a", 10), even("b", 10), recovering], 120);
    expect(count("slow", 10, 30)).toBeLessThan(10);
    expect(count("slow", 60, 120)).toBeGreaterThan(0.8 * count("a", 60, 120));
  });

  test("one that stays slow is probed ever more rarely", () => {
    const { count } = simulate([even("a", 10), even("b", 10), even("slow", 500)], 1200, 4);
    const early = count("slow", 10, 310);
    const late = count("slow", 900, 1200);
    expect(late).toBeGreaterThan(0);
    expect(late).toBeLessThan(early);
  });

  test("errors in a row spare a pod at once; errors between good answers do not", () => {
    const failing = { name: "failing", latency: () => -5 };
    expect(simulate([even("a", 10), failing], 20).count("failing", 1, 20)).toBeLessThan(10);
    let call = 0;
    const flaky = { name: "flaky", latency: () => (call++ % 3 === 0 ? -10 : 10) };
    expect(simulate([even("a", 10), flaky], 20).count("flaky", 1, 20)).toBeGreaterThan(500);
  });

  test("never more than half of the pods, whatever they do, and one alone never", () => {
    const pods = fc.array(fc.constantFrom(-1, 5, 20, 400), { minLength: 1, maxLength: 7 });
    fc.assert(
      fc.property(pods, (latencies) => {
        const { mostEjected } = simulate(
          latencies.map((ms, n) => even(`p${n}`, ms)),
          20,
        );
        expect(mostEjected).toBeLessThanOrEqual(Math.floor(latencies.length / 2));
      }),
      { numRuns: 40 },
    );
  });

  test("pods that are alike are left alone, however mixed their calls are", () => {
    for (const slowShare of [0.01, 0.1, 0.5])
      for (let seed = 0; seed < 5; seed++) {
        const next = random(seed);
        const mixed = (name: string) => ({
          name,
          latency: () => (next() < slowShare ? 500 : 2 + next() * 8),
        });
        expect(simulate(["a", "b", "c"].map(mixed), 60).mostEjected).toBe(0);
      }
  });

  test("an ejection is longer each time, up to a bound", () => {
    const outliers = new Outliers();
    for (const pod of ["a", "b"]) outliers.add(pod, 0);
    let now = 0;
    const lengths: number[] = [];
    for (let round = 0; round < 12; round++) {
      const begun = now;
      for (let n = 0; n < OUTLIERS.consecutiveErrors && outliers.standing("a", now) !== "ejected"; n++)
        outliers.ended("a", now, 1, true);
      while (outliers.standing("a", now) === "ejected") now += 1000;
      lengths.push(now - begun);
    }
    expect(lengths.slice(0, 3)).toEqual([30_000, 60_000, 90_000]);
    expect(Math.max(...lengths)).toBe(300_000);
  });
});
