import { Isolation, ModuleSpec } from "@podule/proto/podule/v1/modules.ts";
import { expect, it } from "vitest";
import { workerEnvironment } from "../pods/worker-settings.ts";
import { workerProblems, workerSettings } from "./worker-settings.ts";

const MIB = 2 ** 20;
const duration = (seconds: number) => ({ seconds: BigInt(seconds), nanos: 0 });
const spec = (fields: Partial<ModuleSpec>) => ModuleSpec.create(fields);
const fieldsOf = (fields: Partial<ModuleSpec>) => workerProblems(spec(fields)).map(([field]) => field);
const limits = (maxSessions: number, maxMemory: string) => ({ maxSessions, maxMemory });

it("has the defaults that the API promises", () => {
  expect(workerSettings(spec({}))).toEqual({
    isolation: "shared",
    concurrency: { model: "one", limit: 1 },
    maxCallsPerWorker: undefined,
    maxMemoryGrowth: undefined,
    maxAgeMs: undefined,
    maxSessions: 10_000,
    maxSessionMemory: undefined,
  });
  expect(workerSettings(spec({ isolation: Isolation.SESSION })).maxSessions).toBe(1000);
  expect(workerEnvironment(workerSettings(spec({})))).toEqual({
    PODULE_ISOLATION: "shared",
    PODULE_MAX_SESSIONS: "10000",
  });
});

it("is told to the pod", () => {
  const settings = workerSettings(
    spec({
      isolation: Isolation.SESSION,
      concurrency: { model: { $case: "asyncio", value: 100 } },
      recycling: { maxCallsPerWorker: 1000, maxMemoryGrowth: "64Mi", maxAge: duration(60) },
      sessionLimits: limits(50, "1Gi"),
    }),
  );
  expect(workerEnvironment(settings)).toEqual({
    PODULE_ISOLATION: "session",
    PODULE_CONCURRENCY: "asyncio:100",
    PODULE_WORKER_MAX_CALLS: "1000",
    PODULE_WORKER_MAX_MEMORY_GROWTH: String(64 * MIB),
    PODULE_WORKER_MAX_AGE_MS: "60000",
    PODULE_MAX_SESSIONS: "50",
    PODULE_SESSION_MEMORY: String(1024 * MIB),
  });
});

it("is checked field by field", () => {
  const threads = (value: number) => ({ concurrency: { model: { $case: "threads", value } } }) as const;
  expect(fieldsOf({})).toEqual([]);
  expect(fieldsOf(threads(2))).toEqual([]);
  for (const fields of [{ concurrency: {} }, threads(0), threads(1), threads(257)])
    expect(fieldsOf(fields)).toEqual(["concurrency"]);
  const recycling = { maxCallsPerWorker: 0, maxMemoryGrowth: "1", maxAge: duration(0) };
  expect(fieldsOf({ recycling })).toEqual(["recycling.max_memory_growth", "recycling.max_age"]);
  expect(fieldsOf({ recycling: { ...recycling, maxMemoryGrowth: "much", maxAge: undefined } })).toEqual([
    "recycling.max_memory_growth",
  ]);
  expect(fieldsOf({ sessionLimits: limits(10_001, "1Gi") })).toEqual([
    "session_limits.max_sessions",
    "session_limits.max_memory",
  ]);
  expect(fieldsOf({ isolation: Isolation.SESSION, sessionLimits: limits(0, "1Gi") })).toEqual([]);
  expect(fieldsOf({ isolation: Isolation.UNRECOGNIZED })).toEqual(["isolation"]);
});
