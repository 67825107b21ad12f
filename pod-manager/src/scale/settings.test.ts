import { Scaling } from "@podule/proto/podule/v1/modules.ts";
import { describe, expect, it } from "vitest";
import { scalingProblems, scalingSettings } from "./settings.ts";

const seconds = (amount: number) => ({ seconds: BigInt(amount), nanos: 0 });
const fieldsOf = (scaling: Partial<Scaling>) =>
  scalingProblems(Scaling.create(scaling)).map(([field]) => field);

describe("the settings of scaling", () => {
  it("have the defaults that the API promises", () => {
    expect(scalingSettings(undefined)).toEqual({
      minPods: 0,
      maxPods: 1,
      initialPods: 1,
      targetUtilization: 0.7,
      stableWindow: 60_000,
      panicWindow: 6000,
      panicThreshold: 2,
      maxScaleUpRate: 10,
      maxScaleDownRate: 2,
      scaleDownDelay: 30_000,
      idleTimeout: 300_000,
      leaseTimeout: Number.POSITIVE_INFINITY,
    });
    expect(scalingSettings(Scaling.create())).toEqual(scalingSettings(undefined));
    expect(scalingSettings(Scaling.create({ minPods: 3 }))).toMatchObject({ maxPods: 3, initialPods: 3 });
    const short = scalingSettings(Scaling.create({ stableWindow: seconds(5), scaleDownDelay: seconds(0) }));
    expect(short).toMatchObject({ stableWindow: 5000, panicWindow: 1000, scaleDownDelay: 0 });
  });

  it.each<[Partial<Scaling>, readonly string[]]>([
    [{}, []],
    [{ minPods: 2, maxPods: 5, initialPods: 4, targetUtilization: 1, panicThreshold: 1.5 }, []],
    [{ minPods: 2, maxPods: 1 }, ["scaling.min_pods"]],
    [{ maxPods: 1001 }, ["scaling.max_pods"]],
    [{ minPods: 4_000_000_000 }, ["scaling.min_pods"]],
    [{ initialPods: 2 }, ["scaling.initial_pods"]],
    [{ targetUtilization: -0.1 }, ["scaling.target_utilization"]],
    [{ targetUtilization: Number.NaN }, ["scaling.target_utilization"]],
    [{ stableWindow: seconds(0) }, ["scaling.stable_window"]],
    [
      { stableWindow: seconds(-5), idleTimeout: seconds(-1) },
      ["scaling.stable_window", "scaling.idle_timeout"],
    ],
    [{ stableWindow: seconds(5), panicWindow: seconds(6) }, ["scaling.panic_window"]],
    [{ panicThreshold: 1, maxScaleUpRate: 0.5 }, ["scaling.panic_threshold", "scaling.max_scale_up_rate"]],
    [{ maxScaleDownRate: Number.POSITIVE_INFINITY }, ["scaling.max_scale_down_rate"]],
    [{ scaleDownDelay: seconds(3601) }, ["scaling.scale_down_delay"]],
  ])("that cannot be are told by their fields: case %#", (scaling, fields) => {
    expect(fieldsOf(scaling)).toEqual(fields);
  });
});
