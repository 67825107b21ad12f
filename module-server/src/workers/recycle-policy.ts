/** When a worker is replaced by a new one; undefined: never for that. */
export interface RecyclePolicy {
  readonly maxCalls: number | undefined;
  /** Bytes that it has for itself beyond those that it began with. */
  readonly maxMemoryGrowth: number | undefined;
  readonly maxAgeMs: number | undefined;
}

export interface WorkerUse {
  readonly calls: number;
  /** Undefined: not known. */
  readonly memoryGrowth: number | undefined;
  readonly ageMs: number;
}

/** Why the worker should be replaced, for people; undefined: it should not. */
export function recycleReason(use: WorkerUse, policy: RecyclePolicy): string | undefined {
  const { maxCalls, maxMemoryGrowth, maxAgeMs } = policy;
  if (maxCalls !== undefined && use.calls >= maxCalls) return `it has run ${use.calls} calls`;
  if (maxMemoryGrowth !== undefined && (use.memoryGrowth ?? 0) >= maxMemoryGrowth)
    return `its memory has grown by ${use.memoryGrowth} bytes`;
  if (maxAgeMs !== undefined && use.ageMs >= maxAgeMs) return `it is ${Math.floor(use.ageMs / 1000)} s old`;
  return undefined;
}

/** Whether anything has to be looked at from time to time. */
export function needsWatch({ maxMemoryGrowth, maxAgeMs }: RecyclePolicy): boolean {
  return maxMemoryGrowth !== undefined || maxAgeMs !== undefined;
}
