import { ModuleSpec } from "@podule/proto/podule/v1/modules.ts";
import { Pod, Pod_State } from "@podule/proto/podule/v1/pods.ts";
import { Status } from "nice-grpc";
import { describe, expect, it } from "vitest";
import { newModule } from "./new-module.ts";
import { beginProgress, countEnds, countFailure, dueIn } from "./progress.ts";

const module = newModule("m", "uid", ModuleSpec.create(), new Date());
const failed = (name: string, readyForMs?: number) =>
  Pod.create({
    name,
    generation: 1n,
    state: Pod_State.FAILED,
    error: { code: Status.ABORTED, message: name },
    ...(readyForMs === undefined
      ? {}
      : { readyTime: { seconds: 100n }, endTime: { seconds: 100n + BigInt(readyForMs / 1000) } }),
  });

describe("the progress of a generation", () => {
  it("does not count what ended before it began: a module of the same name was deleted", () => {
    const progress = beginProgress(module, [failed("pods/old")], false);
    countEnds(progress, [failed("pods/old")], new Set(), 0);
    expect(progress.failures).toBe(0);
  });

  it("does not count pods that were told to go, nor those of other generations, nor one twice", () => {
    const progress = beginProgress(module, [], false);
    countEnds(
      progress,
      [failed("pods/told"), { ...failed("pods/older"), generation: 0n }],
      new Set(["pods/told"]),
      0,
    );
    expect(progress.failures).toBe(0);
    countEnds(progress, [failed("pods/a")], new Set(), 0);
    countEnds(progress, [failed("pods/a")], new Set(), 0);
    expect(progress.failures).toBe(1);
    expect(progress.failure).toMatchObject({ status: { message: "pods/a" }, retryAt: 1000 });
  });

  it("does not count pods that ended as someone asked", () => {
    const progress = beginProgress(module, [], false);
    const deleted = { ...failed("pods/deleted", 1000), state: Pod_State.SUCCEEDED, error: undefined };
    countEnds(progress, [deleted], new Set(), 0);
    expect([progress.failures, progress.failure]).toEqual([0, undefined]);
  });

  it("forgets the pods that the backend has forgotten", () => {
    const progress = beginProgress(module, [], false);
    for (let index = 0; index < 1000; index++) countEnds(progress, [failed(`pods/${index}`)], new Set(), 0);
    expect(progress.counted.size).toBe(1);
  });

  it("starts to count again after a pod that worked for a minute", () => {
    const progress = beginProgress(module, [], false);
    countEnds(progress, [failed("pods/a", 1000), failed("pods/b", 1000)], new Set(), 0);
    expect(progress.failures).toBe(2);
    countEnds(progress, [failed("pods/c", 61_000)], new Set(), 0);
    expect(progress.failures).toBe(1);
    expect(progress.failure).toBeUndefined();
  });

  it("is due when its time has come, and never for an answer", () => {
    const progress = beginProgress(module, [], false);
    countFailure(progress, { code: Status.UNAVAILABLE, message: "", details: [] }, false, 500);
    expect(dueIn(progress, 600)).toBe(900);
    expect(dueIn(progress, 1500)).toBeUndefined();
    expect(progress.failure).toBeUndefined();
    countFailure(progress, { code: Status.FAILED_PRECONDITION, message: "", details: [] }, true, 0);
    expect(dueIn(progress, 1e12)).toBeUndefined();
    expect(progress.failure).toBeDefined();
  });
});
