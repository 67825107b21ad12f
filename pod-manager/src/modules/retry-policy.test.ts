import { rpcStatus } from "@podule/grpc";
import { Status } from "nice-grpc";
import { describe, expect, it } from "vitest";
import {
  asksAgain,
  failuresAfterEnd,
  isAnswer,
  isImportAnswer,
  restartDelayMs,
  retryDelayMs,
} from "./retry-policy.ts";

describe("retries", () => {
  it("come after 1 s, 2 s, 4 s... at most a minute", () => {
    expect([1, 2, 3, 4, 10, 1e9].map(retryDelayMs)).toEqual([1000, 2000, 4000, 8000, 60_000, 60_000]);
  });
  it("replace a pod that worked at once, and slow down when it goes on", () => {
    expect([1, 2, 3].map(restartDelayMs)).toEqual([0, 1000, 2000]);
    expect(failuresAfterEnd(5, 59_000)).toBe(6);
    expect(failuresAfterEnd(5, 61_000)).toBe(1);
  });
  it("do not ask again what has been answered, but for a call after a while", () => {
    const of = (code: number) => isAnswer({ code, message: "", details: [] });
    expect(of(Status.FAILED_PRECONDITION)).toBe(true);
    expect(of(Status.INVALID_ARGUMENT)).toBe(true);
    expect(of(Status.UNAVAILABLE)).toBe(false);
    expect(of(Status.RESOURCE_EXHAUSTED)).toBe(false);
    expect(of(Status.UNKNOWN)).toBe(false);
    const ofPod = (reason: string) => isImportAnswer(rpcStatus(Status.FAILED_PRECONDITION, reason, ""));
    expect(ofPod("IMPORT_FAILED")).toBe(true);
    expect(ofPod("POD_NOT_STARTED")).toBe(false);
    expect(asksAgain(1000)).toBe(false);
    expect(asksAgain(60_000)).toBe(true);
  });
});
