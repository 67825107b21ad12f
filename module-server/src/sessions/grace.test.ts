import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { Grace } from "./grace.ts";

test("it expires once nobody has held it for its time, and not before", async () => {
  let expired = 0;
  const grace = new Grace(200, () => expired++);
  grace.hold();
  grace.hold();
  grace.release();
  await sleep(300);
  expect(expired).toBe(0);
  grace.release();
  await sleep(50);
  grace.hold();
  grace.release();
  await sleep(50);
  expect(expired).toBe(0);
  await sleep(400);
  expect(expired).toBe(1);
});

test("stopped, it never expires", async () => {
  let expired = 0;
  const grace = new Grace(20, () => expired++);
  grace.stop();
  grace.hold();
  grace.release();
  await sleep(100);
  expect(expired).toBe(0);
});
