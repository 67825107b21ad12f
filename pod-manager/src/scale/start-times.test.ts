import { Pod, Pod_State } from "@podule/proto/podule/v1/pods.ts";
import { describe, expect, test } from "vitest";
import { durationMs, remainingStart, withStarts } from "./start-times.ts";

const at = (ms: number) => ({ seconds: BigInt(Math.floor(ms / 1000)), nanos: (ms % 1000) * 1_000_000 });
const pod = (name: string, made: number, ready: number, generation = 1n) =>
  Pod.create({ name, generation, state: Pod_State.READY, createTime: at(made), readyTime: at(ready) });

describe("what is left of a start", () => {
  test("is what longer ones took from here on", () => {
    expect(remainingStart([], 0)).toBeUndefined();
    expect(remainingStart([300, 100, 200], 0)).toEqual({ least: 100, likely: 200 });
    expect(remainingStart([300, 100, 200], 150)).toEqual({ least: 50, likely: 150 });
  });

  test("is unknown once it took longer than all of them", () => {
    expect(remainingStart([300, 100, 200], 300)).toBeUndefined();
  });
});

describe("start times", () => {
  test("are counted once for each pod of the generation, the latest 16", () => {
    const counted = new Set<string>();
    const first = withStarts([], [pod("a", 0, 1234), pod("old", 0, 1, 0n)], 1n, counted);
    expect(first.map(durationMs)).toEqual([1234]);
    expect(withStarts(first, [pod("a", 0, 1234)], 1n, counted)).toBe(first);
    const many = Array.from({ length: 20 }, (_, n) => pod(`p${n}`, 0, n));
    const last = withStarts(first, many, 1n, counted);
    expect(last.map(durationMs)).toEqual(Array.from({ length: 16 }, (_, n) => n + 4));
    expect(counted.size).toBe(20);
    withStarts(last, [], 1n, counted);
    expect(counted.size).toBe(0);
  });

  test("a pod that is not ready has none", () => {
    expect(withStarts([], [{ ...pod("a", 0, 5), state: Pod_State.STARTING }], 1n, new Set())).toEqual([]);
  });
});
