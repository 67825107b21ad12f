import { expect, test } from "vitest";
import { ConfigError, readConfig } from "./config.ts";

const required = { PODULE_LISTEN: "127.0.0.1:7000", HOME: "/home/ada" };

function problemsOf(env: Record<string, string>): readonly string[] {
  try {
    readConfig(env);
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
  return [];
}

test("the defaults", () => {
  expect(readConfig(required)).toEqual({
    listen: { kind: "tcp", host: "127.0.0.1", port: 7000, text: "127.0.0.1:7000" },
    namespace: "default",
    stateDir: "/home/ada/.local/state/podule",
    cacheDir: "/home/ada/.cache/podule",
    runDir: undefined,
    uv: "uv",
    autoCreate: true,
    quotas: {
      calls: Number.POSITIVE_INFINITY,
      waitingCalls: 10_000,
      sessions: Number.POSITIVE_INFINITY,
      callsPerCaller: Number.POSITIVE_INFINITY,
      waitingCallsPerCaller: Number.POSITIVE_INFINITY,
      sessionsPerCaller: Number.POSITIVE_INFINITY,
    },
    queueTimeoutMs: 600_000,
    maxMessageBytes: 67_108_864,
    drainGraceMs: 30_000,
    sessionGraceMs: 30_000,
    warmPods: 1,
    parkedPods: 4,
    parkedBytes: 2 ** 29,
  });
});

test("every variable, and XDG folders", () => {
  const config = readConfig({
    ...required,
    PODULE_LISTEN: "unix:/run/podule/m",
    NAMESPACE: "team-a",
    XDG_STATE_HOME: "/state",
    XDG_CACHE_HOME: "relative",
    PODULE_RUN_DIR: "/run/podule",
    PODULE_UV: "/opt/uv",
    PODULE_AUTO_CREATE: "false",
    PODULE_QUEUE_LIMIT: "0",
    PODULE_QUEUE_TIMEOUT_MS: "9",
    PODULE_MAX_CALLS: "1",
    PODULE_MAX_SESSIONS: "2",
    PODULE_MAX_CALLS_PER_CALLER: "3",
    PODULE_MAX_WAITING_CALLS_PER_CALLER: "4",
    PODULE_MAX_SESSIONS_PER_CALLER: "5",
    PODULE_MAX_MESSAGE_BYTES: "1024",
    PODULE_DRAIN_GRACE_MS: "5",
    PODULE_SESSION_GRACE_MS: "6",
  });
  expect(config).toMatchObject({
    listen: { kind: "unix", path: "/run/podule/m" },
    namespace: "team-a",
    stateDir: "/state/podule",
    cacheDir: "/home/ada/.cache/podule",
    runDir: "/run/podule",
    uv: "/opt/uv",
    autoCreate: false,
    quotas: {
      calls: 1,
      waitingCalls: 0,
      sessions: 2,
      callsPerCaller: 3,
      waitingCallsPerCaller: 4,
      sessionsPerCaller: 5,
    },
    queueTimeoutMs: 9,
    maxMessageBytes: 1024,
    drainGraceMs: 5,
    sessionGraceMs: 6,
  });
});

test.each([
  ["PODULE_LISTEN", ""],
  ["PODULE_LISTEN", "7000"],
  ["PODULE_LISTEN", "127.0.0.1:70000"],
  ["PODULE_LISTEN", "unix:relative"],
  ["PODULE_LISTEN", `unix:/${"x".repeat(200)}`],
  ["NAMESPACE", "../up"],
  ["NAMESPACE", "Upper"],
  ["PODULE_STATE_DIR", "relative"],
  ["PODULE_RUN_DIR", "/a\0b"],
  ["PODULE_AUTO_CREATE", "yes"],
  ["PODULE_QUEUE_LIMIT", "-1"],
  ["PODULE_QUEUE_LIMIT", "1e3"],
  ["PODULE_MAX_MESSAGE_BYTES", "12"],
  ["PODULE_DRAIN_GRACE_MS", "soon"],
])("%s=%j is refused by name", (variable, value) => {
  const problems = problemsOf({ ...required, [variable]: value });
  expect(problems).toHaveLength(1);
  expect(problems[0]).toMatch(new RegExp(`^${variable}: `));
});

test.each(["0.0.0.0:50051", "[::]:50051", "10.0.0.7:50051", "example.org:50051", "[::ffff:10.0.0.1]:1"])(
  "without authentication %s is refused",
  (address) => {
    expect(problemsOf({ ...required, PODULE_LISTEN: address })).toEqual([
      expect.stringContaining("no authentication is configured"),
    ]);
  },
);

test.each(["127.0.0.1:0", "127.1.2.3:1", "localhost:50051", "[::1]:50051"])("%s is loopback", (address) => {
  expect(readConfig({ ...required, PODULE_LISTEN: address }).listen.text).toBe(address);
});

test("all problems are told at once", () => {
  expect(problemsOf({ NAMESPACE: "/", PODULE_QUEUE_LIMIT: "x" })).toHaveLength(3);
});
