import type { Duration } from "@podule/proto/google/protobuf/duration.ts";
import { Isolation, type ModuleSpec } from "@podule/proto/podule/v1/modules.ts";
import type { WorkerSettings } from "../pods/worker-settings.ts";
import { parseQuantity } from "./quantity.ts";

const SECOND = 1000;
const MAX_AGE = 30 * 24 * 3600 * SECOND;
const MAX_THREADS = 256;
const MAX_TASKS = 10_000;
const MAX_SESSIONS = 10_000;
const MAX_SESSION_WORKERS = 1000;
const LEAST_GROWTH = 2 ** 20;
const LEAST_SESSION_MEMORY = 16 * 2 ** 20;
const MAX_BYTES = 2 ** 50;

type WorkerSpec = Pick<ModuleSpec, "isolation" | "concurrency" | "recycling" | "sessionLimits">;

/** How the workers of a module's pods are used, with its defaults filled in. */
export function workerSettings({
  isolation,
  concurrency,
  recycling,
  sessionLimits,
}: WorkerSpec): WorkerSettings {
  const ownWorkers = isolation === Isolation.SESSION;
  const model = concurrency?.model;
  return {
    isolation: ownWorkers ? "session" : "shared",
    concurrency:
      model === undefined ? { model: "one", limit: 1 } : { model: model.$case, limit: model.value },
    maxCallsPerWorker: recycling?.maxCallsPerWorker || undefined,
    maxMemoryGrowth: parseQuantity(recycling?.maxMemoryGrowth ?? ""),
    maxAgeMs: milliseconds(recycling?.maxAge),
    maxSessions: sessionLimits?.maxSessions || (ownWorkers ? MAX_SESSION_WORKERS : MAX_SESSIONS),
    maxSessionMemory: parseQuantity(sessionLimits?.maxMemory ?? ""),
  };
}

/** What is wrong, by the field's path below `spec`. */
export function workerProblems(spec: WorkerSpec): readonly (readonly [string, string])[] {
  const found: [string, string][] = [];
  const check = (field: string, problem: string | undefined) => {
    if (problem !== undefined) found.push([field, problem]);
  };
  const { isolation, concurrency, recycling, sessionLimits } = spec;
  if (isolation < Isolation.ISOLATION_UNSPECIFIED || isolation > Isolation.SESSION)
    check("isolation", "must be SHARED or SESSION");
  if (concurrency !== undefined) check("concurrency", concurrencyProblem(concurrency.model));
  check("recycling.max_memory_growth", bytesProblem(recycling?.maxMemoryGrowth, LEAST_GROWTH, "1Mi"));
  const age = milliseconds(recycling?.maxAge);
  if (age !== undefined && (age < SECOND || age > MAX_AGE))
    check("recycling.max_age", "must be 1 s to 30 days");
  if ((sessionLimits?.maxSessions ?? 0) > MAX_SESSIONS)
    check("session_limits.max_sessions", `must be at most ${MAX_SESSIONS}`);
  const memory = sessionLimits?.maxMemory ?? "";
  check("session_limits.max_memory", bytesProblem(memory, LEAST_SESSION_MEMORY, "16Mi"));
  if (memory !== "" && isolation !== Isolation.SESSION)
    check("session_limits.max_memory", "needs isolation SESSION: other sessions have no memory of their own");
  return found;
}

function concurrencyProblem(model: NonNullable<ModuleSpec["concurrency"]>["model"]): string | undefined {
  if (model === undefined) return "must say threads or asyncio";
  const most = model.$case === "threads" ? MAX_THREADS : MAX_TASKS;
  if (model.value >= 2 && model.value <= most) return undefined;
  return `${model.$case} must be 2 to ${most}; without concurrency a worker runs one call at a time`;
}

function bytesProblem(text: string | undefined, least: number, shownLeast: string): string | undefined {
  if (text === undefined || text === "") return undefined;
  const bytes = parseQuantity(text);
  if (bytes === undefined)
    return `${JSON.stringify(text.slice(0, 50))} is not a quantity; expected one like "64Mi" or "1Gi"`;
  return bytes >= least && bytes <= MAX_BYTES ? undefined : `must be at least ${shownLeast}`;
}

function milliseconds(duration: Duration | undefined): number | undefined {
  return duration === undefined ? undefined : Number(duration.seconds) * SECOND + duration.nanos / 1_000_000;
}
