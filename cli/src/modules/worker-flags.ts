import { Isolation, type ModuleSpec } from "@podule/proto/podule/v1/modules.ts";
import { type Command, InvalidArgumentError } from "commander";
import { timeSpan, wholeNumber } from "../console/flags.ts";

/** How a module's workers are used, as flags; one that is not given is not set. */
export interface WorkerFlags {
  readonly isolation?: Isolation;
  readonly threads?: number;
  readonly asyncio?: number;
  readonly maxCallsPerWorker?: number;
  readonly maxMemoryGrowth?: string;
  readonly maxWorkerAge?: number;
  readonly maxSessions?: number;
  readonly maxSessionMemory?: string;
}

type WorkerSpec = Pick<ModuleSpec, "isolation" | "concurrency" | "recycling" | "sessionLimits">;

export function withWorkerFlags(command: Command): Command {
  return command
    .option("--isolation <kind>", "shared, or session: each session has a worker of its own", isolation)
    .option("--threads <count>", "calls that a worker runs at once, in threads", wholeNumber(2, 256))
    .option("--asyncio <count>", "async functions that a worker runs at once", wholeNumber(2, 10_000))
    .option("--max-calls-per-worker <count>", "replace a worker after so many", wholeNumber(1, 2 ** 31))
    .option("--max-memory-growth <quantity>", "replace a worker that has grown by so much: 512Mi")
    .option("--max-worker-age <time>", "replace a worker after so long: 12h", timeSpan)
    .option("--max-sessions <count>", "sessions that a pod holds", wholeNumber(1, 10_000))
    .option("--max-session-memory <quantity>", "memory of a pod's sessions, with --isolation session: 4Gi");
}

/** The part of a spec that they are, and the paths of the fields that were given. */
export function readWorkerFlags(flags: WorkerFlags): {
  readonly spec: WorkerSpec;
  readonly given: [string, unknown][];
} {
  const {
    threads,
    asyncio,
    maxCallsPerWorker,
    maxMemoryGrowth,
    maxWorkerAge,
    maxSessions,
    maxSessionMemory,
  } = flags;
  const concurrency = threads ?? asyncio;
  const recycling = maxCallsPerWorker ?? maxMemoryGrowth ?? maxWorkerAge;
  const sessionLimits = maxSessions ?? maxSessionMemory;
  return {
    spec: {
      isolation: flags.isolation ?? Isolation.ISOLATION_UNSPECIFIED,
      concurrency: concurrency === undefined ? undefined : { model: modelOf(threads, concurrency) },
      recycling:
        recycling === undefined
          ? undefined
          : {
              maxCallsPerWorker: maxCallsPerWorker ?? 0,
              maxMemoryGrowth: maxMemoryGrowth ?? "",
              maxAge: maxWorkerAge === undefined ? undefined : duration(maxWorkerAge),
            },
      sessionLimits:
        sessionLimits === undefined
          ? undefined
          : { maxSessions: maxSessions ?? 0, maxMemory: maxSessionMemory ?? "" },
    },
    given: [
      ["isolation", flags.isolation],
      ["concurrency", concurrency],
      ["recycling", recycling],
      ["session_limits", sessionLimits],
    ],
  };
}

function modelOf(threads: number | undefined, limit: number) {
  return threads === undefined
    ? ({ $case: "asyncio", value: limit } as const)
    : ({ $case: "threads", value: limit } as const);
}

function duration(ms: number) {
  return { seconds: BigInt(Math.floor(ms / 1000)), nanos: (ms % 1000) * 1_000_000 };
}

function isolation(text: string): Isolation {
  if (text === "shared") return Isolation.SHARED;
  if (text === "session") return Isolation.SESSION;
  throw new InvalidArgumentError("It is shared or session.");
}
