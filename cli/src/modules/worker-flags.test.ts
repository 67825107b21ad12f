import { Isolation } from "@podule/proto/podule/v1/modules.ts";
import { Command } from "commander";
import { describe, expect, it } from "vitest";
import { readSpec, type SpecFlags, withSpecFlags } from "./spec-flags.ts";

function read(...args: string[]) {
  const command = withSpecFlags(new Command())
    .exitOverride()
    .configureOutput({ writeErr: () => {} });
  command.parse(args, { from: "user" });
  return readSpec(command.opts<SpecFlags>());
}

describe("flags of workers", () => {
  it("set nothing where they are not given", () => {
    const { spec, paths } = read();
    expect(paths).toEqual([]);
    expect(spec).toMatchObject({ isolation: 0, concurrency: undefined, recycling: undefined });
    expect(spec.sessionLimits).toBeUndefined();
  });

  it("are the fields of the spec", () => {
    const { spec, paths } = read(
      ...["--isolation", "session", "--threads", "8", "--max-calls-per-worker", "1000"],
      ...["--max-worker-age", "1500ms", "--max-sessions", "50", "--max-session-memory", "1Gi"],
    );
    expect(paths).toEqual(["spec.isolation", "spec.concurrency", "spec.recycling", "spec.session_limits"]);
    expect(spec).toMatchObject({
      isolation: Isolation.SESSION,
      concurrency: { model: { $case: "threads", value: 8 } },
      recycling: { maxCallsPerWorker: 1000, maxMemoryGrowth: "", maxAge: { seconds: 1n, nanos: 5e8 } },
      sessionLimits: { maxSessions: 50, maxMemory: "1Gi" },
    });
    expect(read("--asyncio", "100").spec.concurrency).toMatchObject({
      model: { $case: "asyncio", value: 100 },
    });
  });

  it.each([
    ["--isolation", "none"],
    ["--threads", "1"],
    ["--asyncio", "many"],
    ["--max-worker-age", "soon"],
  ])("refuse %s %s", (...args) => {
    expect(() => read(...args)).toThrow();
  });
});
