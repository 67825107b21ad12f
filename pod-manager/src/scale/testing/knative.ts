import type { ScalingSettings } from "../settings.ts";
import type { SimulatedScaler } from "./simulate.ts";

const TICK_MS = 2000;

/**
 * Knative's autoscaler as its source has it (knative/serving, pkg/autoscaler: aggregation/bucketing.go, scaling/autoscaler.go), with the
 * defaults of its configuration, for comparison.
 */
export function knativeScaler(settings: ScalingSettings): SimulatedScaler {
  const target = settings.targetUtilization;
  let stableBuckets = buckets(settings.stableWindow / 1000);
  let panicBuckets = buckets(settings.panicWindow / 1000);
  let panicTime: number | undefined;
  let maxPanicPods = 0;
  let wanted = 1;
  let nextTick = 0;

  return {
    report(at, mean) {
      stableBuckets.record(Math.floor(at / 1000), mean);
      panicBuckets.record(Math.floor(at / 1000), mean);
    },
    handOver() {
      stableBuckets = buckets(settings.stableWindow / 1000);
      panicBuckets = buckets(settings.panicWindow / 1000);
      panicTime = undefined;
      maxPanicPods = 0;
    },
    look(now, ready) {
      if (now < nextTick) return wanted;
      nextTick = now + TICK_MS;
      const second = Math.floor(now / 1000);
      if (stableBuckets.isEmpty(second)) return wanted;
      const readyPods = Math.max(1, ready);
      const maxScaleUp = Math.ceil(1000 * readyPods);
      const maxScaleDown = Math.floor(readyPods / 2);
      const dspc = Math.ceil(stableBuckets.average(second) / target);
      const dppc = Math.ceil(panicBuckets.average(second) / target);
      const stable = Math.min(Math.max(dspc, maxScaleDown), maxScaleUp);
      const panic = Math.min(Math.max(dppc, maxScaleDown), maxScaleUp);
      const isOver = dppc / readyPods >= 2;
      if (isOver) {
        panicTime = now;
      } else if (panicTime !== undefined && panicTime + settings.stableWindow < now) {
        panicTime = undefined;
        maxPanicPods = 0;
      }
      wanted = stable;
      if (panicTime !== undefined) {
        maxPanicPods = Math.max(maxPanicPods, stable, panic);
        wanted = maxPanicPods;
      }
      wanted = Math.min(settings.maxPods, Math.max(settings.minPods, wanted));
      return wanted;
    },
  };
}

function buckets(window: number) {
  const values = new Map<number, number>();
  let first: number | undefined;
  let last = Number.NEGATIVE_INFINITY;
  return {
    record(second: number, value: number): void {
      if (second - last >= window) {
        first = second;
        values.clear();
      }
      last = Math.max(last, second);
      values.set(second, (values.get(second) ?? 0) + value);
      for (const old of values.keys()) if (old <= last - window) values.delete(old);
    },
    isEmpty: (now: number) => now - last > window,
    average(now: number): number {
      const past = Math.max(0, now - last);
      if (first === undefined || past >= window) return 0;
      let sum = 0;
      for (const [second, value] of values) if (second > now - window) sum += value;
      return sum / Math.min(last - first + 1, window - past);
    },
  };
}
