import { expect, test } from "vitest";
import { type LeaseRecord, nextMove, observe } from "./lease-policy.ts";

const record = (fields: Partial<LeaseRecord> = {}): LeaseRecord => ({
  holder: "other",
  durationMs: 8000,
  acquireTime: "a",
  renewTime: "r1",
  transitions: 1,
  resourceVersion: "1",
  ...fields,
});

test("a lease is left to its holder for its duration, counted from when it was first seen so", () => {
  const seen = observe(undefined, record(), 1000);
  expect(nextMove("me", seen, 2000)).toEqual({ kind: "wait", ms: 7000 });
  const again = observe(seen, record({ resourceVersion: "2" }), 5000);
  expect(nextMove("me", again, 8999)).toEqual({ kind: "wait", ms: 1 });
  expect(nextMove("me", again, 9000).kind).toBe("take");
  const renewed = observe(again, record({ renewTime: "r2" }), 8000);
  expect(nextMove("me", renewed, 9000)).toEqual({ kind: "wait", ms: 7000 });
});

test("none is made, one that was given back is taken at once, one's own is renewed", () => {
  expect(nextMove("me", undefined, 0)).toEqual({ kind: "create" });
  expect(nextMove("me", observe(undefined, record({ holder: "" }), 0), 0).kind).toBe("take");
  expect(nextMove("me", observe(undefined, record({ holder: "me" }), 0), 99_999).kind).toBe("renew");
});
