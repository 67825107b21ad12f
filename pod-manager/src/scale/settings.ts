import type { Duration } from "@podule/proto/google/protobuf/duration.ts";
import type { Scaling } from "@podule/proto/podule/v1/modules.ts";

/** A module's scaling with its defaults filled in; times in milliseconds. */
export interface ScalingSettings {
  readonly minPods: number;
  readonly maxPods: number;
  readonly initialPods: number;
  readonly targetUtilization: number;
  readonly stableWindow: number;
  readonly panicWindow: number;
  readonly panicThreshold: number;
  readonly maxScaleUpRate: number;
  readonly maxScaleDownRate: number;
  readonly scaleDownDelay: number;
  readonly idleTimeout: number;
  /** Sessions without a call for this time do not keep their pod; Infinity: they do. */
  readonly leaseTimeout: number;
}

const SECOND = 1000;
const HOUR = 3600 * SECOND;
const MAX_PODS = 1000;
const MAX_RATE = 1000;
const MAX_IDLE = 30 * 24 * HOUR;

export function scalingSettings(scaling: Scaling | undefined): ScalingSettings {
  const minPods = scaling?.minPods ?? 0;
  const stableWindow = milliseconds(scaling?.stableWindow) ?? 60 * SECOND;
  const maxPods = scaling?.maxPods || Math.max(1, minPods);
  return {
    minPods,
    maxPods,
    initialPods: scaling?.initialPods || Math.min(maxPods, Math.max(1, minPods)),
    targetUtilization: scaling?.targetUtilization || 0.7,
    stableWindow,
    panicWindow: milliseconds(scaling?.panicWindow) ?? Math.max(SECOND, stableWindow / 10),
    panicThreshold: scaling?.panicThreshold || 2,
    maxScaleUpRate: scaling?.maxScaleUpRate || 10,
    maxScaleDownRate: scaling?.maxScaleDownRate || 2,
    scaleDownDelay: milliseconds(scaling?.scaleDownDelay) ?? 30 * SECOND,
    idleTimeout: milliseconds(scaling?.idleTimeout) ?? 300 * SECOND,
    leaseTimeout: milliseconds(scaling?.leaseTimeout) ?? Number.POSITIVE_INFINITY,
  };
}

/** What is wrong, by the field's path below `spec`. */
export function scalingProblems(scaling: Scaling | undefined): readonly (readonly [string, string])[] {
  if (scaling === undefined) return [];
  const found: [string, string][] = [];
  const check = (field: string, value: number | undefined, ok: (value: number) => boolean, must: string) => {
    if (value !== undefined && !ok(value)) found.push([`scaling.${field}`, `must be ${must}`]);
  };
  const { maxPods, minPods, stableWindow, initialPods } = scalingSettings(scaling);
  const rate = (value: number) => value === 0 || (value > 1 && value <= MAX_RATE);
  const between = (least: number, most: number) => (value: number) => value >= least && value <= most;
  check("max_pods", scaling.maxPods, between(0, MAX_PODS), `at most ${MAX_PODS}`);
  check("min_pods", minPods, between(0, Math.min(MAX_PODS, maxPods)), "at most max_pods, and at most 1000");
  check("initial_pods", initialPods, between(1, maxPods), "at most max_pods");
  const share = (value: number) => value >= 0 && value <= 1;
  check("target_utilization", scaling.targetUtilization, share, "above 0, at most 1");
  check("stable_window", stableWindow, between(SECOND, HOUR), "1 s to 1 h");
  const panicWindow = milliseconds(scaling.panicWindow);
  check("panic_window", panicWindow, between(SECOND, stableWindow), "1 s to stable_window");
  check("panic_threshold", scaling.panicThreshold, rate, `above 1, at most ${MAX_RATE}`);
  check("max_scale_up_rate", scaling.maxScaleUpRate, rate, `above 1, at most ${MAX_RATE}`);
  check("max_scale_down_rate", scaling.maxScaleDownRate, rate, `above 1, at most ${MAX_RATE}`);
  check("scale_down_delay", milliseconds(scaling.scaleDownDelay), between(0, HOUR), "0 s to 1 h");
  check("idle_timeout", milliseconds(scaling.idleTimeout), between(SECOND, MAX_IDLE), "1 s to 30 days");
  check("lease_timeout", milliseconds(scaling.leaseTimeout), between(SECOND, MAX_IDLE), "1 s to 30 days");
  return found;
}

function milliseconds(duration: Duration | undefined): number | undefined {
  return duration === undefined ? undefined : Number(duration.seconds) * 1000 + duration.nanos / 1_000_000;
}
