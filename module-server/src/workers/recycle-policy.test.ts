import { expect, test } from "vitest";
import { needsWatch, recycleReason } from "./recycle-policy.ts";

const never = { maxCalls: undefined, maxMemoryGrowth: undefined, maxAgeMs: undefined };
const use = { calls: 1000, memoryGrowth: 2 ** 30, ageMs: 60_000 };

test("without a policy a worker lives as long as it can", () => {
  expect(recycleReason(use, never)).toBeUndefined();
  expect(needsWatch(never)).toBe(false);
});

test("each bound counts alone, from where it is reached", () => {
  expect(recycleReason(use, { ...never, maxCalls: 1000 })).toBe("it has run 1000 calls");
  expect(recycleReason(use, { ...never, maxCalls: 1001 })).toBeUndefined();
  expect(recycleReason(use, { ...never, maxMemoryGrowth: 2 ** 30 })).toContain("1073741824 bytes");
  expect(recycleReason(use, { ...never, maxMemoryGrowth: 2 ** 30 + 1 })).toBeUndefined();
  expect(recycleReason(use, { ...never, maxAgeMs: 60_000 })).toBe("it is 60 s old");
  expect(recycleReason(use, { ...never, maxAgeMs: 60_001 })).toBeUndefined();
});

test("memory that the system does not tell is no reason", () => {
  const policy = { ...never, maxMemoryGrowth: 1 };
  expect(recycleReason({ ...use, memoryGrowth: undefined }, policy)).toBeUndefined();
  expect(needsWatch(policy)).toBe(true);
});
