import { expect, test } from "vitest";
import { PoduleError } from "../../../clients/typescript/src/index.ts";
import { FaultCounter } from "./fault-count.ts";

test("every call sent is in exactly one column; one that never ends, or fails without a type, is unaccounted for", async () => {
  const counter = new FaultCounter();
  await counter.count(async () => 1);
  counter.fault();
  const typed = new PoduleError({ code: "ABORTED", reason: "SESSION_LOST", message: "gone" });
  await counter.count(() => Promise.reject(typed));
  await counter.count(() => Promise.reject(new Error("what?")));
  await counter.count(async () => 2);
  void counter.count(() => new Promise(() => {}));
  expect(counter.settled).toBe(4);
  const { backMs, ...rest } = counter.result("test");
  expect(backMs).toBeGreaterThanOrEqual(0);
  expect(rest).toEqual({
    fault: "test",
    sent: 5,
    answered: 2,
    failedTyped: 1,
    reasons: { SESSION_LOST: 1 },
    twice: 1,
    unaccounted: 2,
  });
});
