import { hostname } from "node:os";
import { reasonOf } from "@podule/grpc";
import { expect, test } from "vitest";
import { readConfig } from "./config.ts";

test("the defaults", () => {
  expect(readConfig({ MODULE_NAME: "numpy" })).toEqual({
    moduleName: "numpy",
    podName: hostname(),
    moduleId: "numpy",
    listen: "0.0.0.0:50051",
    healthListen: undefined,
    tls: undefined,
    python: "python3",
    environmentStatus: undefined,
    modulePath: undefined,
    workers: 1,
    workerMemoryLimit: undefined,
    importTimeoutMs: 60_000,
    drainGraceMs: 30_000,
    maxMessageBytes: 67_108_864,
    maxInFlight: 16_384,
    sessionGraceMs: 30_000,
    maxSessions: 10_000,
    isolation: "shared",
    concurrency: { model: "one", limit: 1 },
    recycling: { maxCalls: undefined, maxMemoryGrowth: undefined, maxAgeMs: undefined },
    sessionMemory: undefined,
    runDir: undefined,
    terminationMessagePath: undefined,
  });
});

test("how workers are used", () => {
  const env = { MODULE_NAME: "numpy", PODULE_ISOLATION: "session", PODULE_CONCURRENCY: "asyncio:100" };
  expect(readConfig(env)).toMatchObject({
    isolation: "session",
    maxSessions: 1000,
    concurrency: { model: "asyncio", limit: 100 },
  });
  expect(readConfig({ ...env, PODULE_MAX_SESSIONS: "5", PODULE_WORKER_MAX_CALLS: "10" })).toMatchObject({
    maxSessions: 5,
    recycling: { maxCalls: 10 },
  });
});

test("an empty variable is as good as none", () => {
  expect(readConfig({ MODULE_NAME: "a.b", PORT: "", PODULE_LISTEN: "" })).toMatchObject({
    listen: "0.0.0.0:50051",
  });
  expect(readConfig({ MODULE_NAME: "größe", PORT: "0" })).toMatchObject({ listen: "0.0.0.0:0" });
});

test.each([
  ["MODULE_NAME", ""],
  ["MODULE_NAME", "a-b"],
  ["MODULE_NAME", "../a"],
  ["MODULE_NAME", "a..b"],
  ["PORT", "70000"],
  ["PODULE_LISTEN", "nowhere"],
  ["PODULE_LISTEN", "unix:"],
  ["PODULE_HEALTH_LISTEN", "50052"],
  ["PODULE_TLS_CERT_FILE", "/tls.crt"],
  ["PODULE_TLS_KEY_FILE", "/tls.key"],
  ["PODULE_TLS_CLIENT_CA_FILE", "/ca.crt"],
  ["PODULE_WORKERS", "0"],
  ["PODULE_WORKERS", "1.5"],
  ["PODULE_WORKER_MEMORY_LIMIT", "1"],
  ["PODULE_IMPORT_TIMEOUT_MS", "-1"],
  ["PODULE_DRAIN_GRACE_MS", "soon"],
  ["PODULE_MAX_MESSAGE_BYTES", "9999999999"],
  ["PODULE_ISOLATION", "none"],
  ["PODULE_CONCURRENCY", "8"],
  ["PODULE_CONCURRENCY", "threads:1"],
  ["PODULE_CONCURRENCY", "asyncio:99999"],
  ["PODULE_WORKER_MAX_CALLS", "0"],
  ["PODULE_WORKER_MAX_MEMORY_GROWTH", "1"],
  ["PODULE_WORKER_MAX_AGE_MS", "1"],
  ["PODULE_SESSION_MEMORY", "1"],
])("%s=%s is refused by name", (field, value) => {
  const refused = readConfig({ MODULE_NAME: "numpy", [field]: value });
  if (!("code" in refused)) throw new Error("It was accepted");
  expect(reasonOf(refused)).toBe("INVALID_SETTING");
  expect(refused.message).toContain(field.replace("TLS_KEY", "TLS_CERT"));
});
