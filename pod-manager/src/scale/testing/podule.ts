import { beginMemory, decide } from "../decide.ts";
import { createLoadHistory } from "../load-history.ts";
import type { ScalingSettings } from "../settings.ts";
import type { SimulatedScaler } from "./simulate.ts";

/** This project's own autoscaler, fed as it is in a manager. */
export function poduleScaler(settings: ScalingSettings): SimulatedScaler & { readonly reasons: string[] } {
  let history = createLoadHistory(settings.stableWindow);
  let memory = beginMemory(settings, 0);
  const reasons: string[] = [];
  return {
    reasons,
    push: (at, load) => history.report(at, load),
    handOver(now) {
      history = createLoadHistory(settings.stableWindow);
      memory = { ...beginMemory(settings, now), wanted: memory.wanted };
    },
    look(now, ready, load) {
      const seen = {
        stable: history.average(now, settings.stableWindow),
        panic: history.average(now, settings.panicWindow),
        load,
        ready,
        held: 0,
        capacity: 1,
      };
      const result = decide(memory, seen, settings, now);
      if (result.memory.wanted !== memory.wanted) reasons.push(result.decision.reason);
      memory = result.memory;
      return memory.wanted;
    },
  };
}
