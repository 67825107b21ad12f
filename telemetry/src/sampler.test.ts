import { expect, test } from "vitest";
import { createSampler } from "./sampler.ts";
import { newTraceId } from "./trace-context.ts";

const parent = (sampled: boolean) => ({ traceId: "1".repeat(32), spanId: "2".repeat(16), sampled });

test("the parent decides, where the sampler goes by it", () => {
  for (const name of ["parentbased_always_on", "parentbased_always_off", "parentbased_traceidratio"] as const)
    for (const sampled of [true, false])
      expect(createSampler(name, 0.5)(newTraceId(), parent(sampled))).toBe(sampled);
  expect(createSampler("always_on", 1)(newTraceId(), parent(false))).toBe(true);
  expect(createSampler("always_off", 1)(newTraceId(), parent(true))).toBe(false);
});

test("a ratio takes about so many, and a larger one all that a smaller one takes", () => {
  const ids = Array.from({ length: 20_000 }, newTraceId);
  const [tenth, half] = [createSampler("traceidratio", 0.1), createSampler("traceidratio", 0.5)];
  const taken = ids.filter((id) => tenth(id, undefined));
  expect(taken.length / ids.length).toBeGreaterThan(0.07);
  expect(taken.length / ids.length).toBeLessThan(0.13);
  expect(taken.filter((id) => !half(id, undefined))).toEqual([]);
  expect(ids.filter((id) => createSampler("traceidratio", 0)(id, undefined))).toEqual([]);
  expect(ids.filter((id) => !createSampler("traceidratio", 1)(id, undefined))).toEqual([]);
});
