/** How the workers of a pod are used. */
export interface WorkerSettings {
  /** "session": each session has a worker of its own. */
  readonly isolation: "shared" | "session";
  /** Calls that one worker runs at once: `limit` is 1 for "one". */
  readonly concurrency: { readonly model: "one" | "threads" | "asyncio"; readonly limit: number };
  /** When a worker is replaced: calls, bytes of its own beyond those after its fork, milliseconds. Undefined: never. */
  readonly maxCallsPerWorker: number | undefined;
  readonly maxMemoryGrowth: number | undefined;
  readonly maxAgeMs: number | undefined;
  readonly maxSessions: number;
  /** Bytes that the workers of all sessions may have for themselves. Undefined: any. */
  readonly maxSessionMemory: number | undefined;
}

/** The settings as a pod's environment: contract 3 of docs/architecture.md. */
export function workerEnvironment(settings: WorkerSettings): Record<string, string> {
  const {
    isolation,
    concurrency,
    maxCallsPerWorker,
    maxMemoryGrowth,
    maxAgeMs,
    maxSessions,
    maxSessionMemory,
  } = settings;
  const optional = {
    PODULE_WORKER_MAX_CALLS: maxCallsPerWorker,
    PODULE_WORKER_MAX_MEMORY_GROWTH: maxMemoryGrowth,
    PODULE_WORKER_MAX_AGE_MS: maxAgeMs,
    PODULE_SESSION_MEMORY: maxSessionMemory,
  };
  return {
    PODULE_ISOLATION: isolation,
    ...(concurrency.model === "one"
      ? {}
      : { PODULE_CONCURRENCY: `${concurrency.model}:${concurrency.limit}` }),
    PODULE_MAX_SESSIONS: String(maxSessions),
    ...Object.fromEntries(
      Object.entries(optional).flatMap(([name, value]) =>
        value === undefined ? [] : [[name, String(Math.ceil(value))]],
      ),
    ),
  };
}
