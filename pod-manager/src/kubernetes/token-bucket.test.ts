import { expect, test } from "vitest";
import { createTokenBucket } from "./token-bucket.ts";

test("a burst goes at once, the rest at the rate, in the order asked", async () => {
  let now = 0;
  const bucket = createTokenBucket({ qps: 1000, burst: 3, clock: () => now });
  const order: number[] = [];
  const takes = Array.from({ length: 6 }, (_, n) => bucket.take().then(() => order.push(n)));
  await Promise.all(takes.slice(0, 3));
  expect(order).toEqual([0, 1, 2]);
  now += 2;
  await takes[4];
  expect(order).toEqual([0, 1, 2, 3, 4]);
  now += 1;
  await takes[5];
  expect(order).toEqual([0, 1, 2, 3, 4, 5]);
});

test("who gives up leaves the line, and the line is bounded", async () => {
  let now = 0;
  const bucket = createTokenBucket({ qps: 1, burst: 1, mayWait: 2, clock: () => now });
  await bucket.take();
  const leaving = new AbortController();
  const first = bucket.take(leaving.signal);
  const second = bucket.take();
  await expect(bucket.take()).rejects.toThrow(/wait for their turn/);
  leaving.abort(new Error("gone"));
  await expect(first).rejects.toThrow("gone");
  now += 1000;
  const third = bucket.take();
  await second;
  now += 1000;
  await third;
});
