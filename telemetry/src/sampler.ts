import type { TraceContext } from "./trace-context.ts";

/** Whether the spans of a trace are exported whatever becomes of the call; `parent`: as the caller has decided. */
export type Sampler = (traceId: string, parent: TraceContext | undefined) => boolean;

/** The values of OTEL_TRACES_SAMPLER. */
export const SAMPLERS = [
  "always_on",
  "always_off",
  "traceidratio",
  "parentbased_always_on",
  "parentbased_always_off",
  "parentbased_traceidratio",
] as const;

export type SamplerName = (typeof SAMPLERS)[number];

export function createSampler(name: SamplerName, ratio: number): Sampler {
  const parentBased = name.startsWith("parentbased_");
  const root = rootSampler(name.replace("parentbased_", ""), ratio);
  return parentBased ? (traceId, parent) => parent?.sampled ?? root(traceId) : root;
}

function rootSampler(name: string, ratio: number): (traceId: string) => boolean {
  if (name === "always_on" || (name === "traceidratio" && ratio >= 1)) return () => true;
  if (name === "always_off" || ratio <= 0) return () => false;
  // The last 56 bits of an id are random: whoever decides by them, decides alike.
  const below = (1 - ratio) * 2 ** 56;
  return (traceId) => Number.parseInt(traceId.slice(18), 16) >= below;
}
