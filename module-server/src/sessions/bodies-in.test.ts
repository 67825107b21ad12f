import { StatusError } from "@podule/grpc";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { BodiesIn } from "./bodies-in.ts";

function worker() {
  const dropped: number[] = [];
  return { blocked: false, dropped, dropTransfer: (transfer: number) => void dropped.push(transfer) };
}

function bodies(at = worker()): BodiesIn {
  let transfer = 100;
  return new BodiesIn(at, () => transfer++);
}

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] });
});
afterEach(() => {
  vi.useRealTimers();
});

const chunk = (id: number, length: number, total: number) =>
  ({ kind: "chunk", id, data: Buffer.alloc(length), total, callback: false }) as const;

test("the chunks of one body have one transfer, whatever comes between", () => {
  const at = worker();
  const some = bodies(at);
  expect([some.take(chunk(1, 10, 30)), some.take(chunk(2, 5, 5)), some.take(chunk(1, 20, 30))]).toEqual([
    100, 101, 100,
  ]);
  expect([some.finish(1), some.finish(1), some.finish(3)]).toEqual([100, undefined, undefined]);
  some.clear();
  expect(at.dropped).toEqual([101]);
});

test.each([
  ["more than the total", [chunk(1, 20, 30), chunk(1, 20, 30)]],
  ["another total", [chunk(1, 10, 30), chunk(1, 10, 31)]],
  ["more than 1 MiB", [chunk(1, 1024 * 1024 + 1, 2 ** 30)]],
  ["more than 4 GiB", [chunk(1, 10, 2 ** 32 + 1)]],
  ["too many bodies", Array.from({ length: 1025 }, (_, id) => chunk(id + 1, 1, 10))],
])("%s is refused", (_name, chunks) => {
  const some = bodies();
  expect(() => {
    for (const one of chunks) some.take(one);
  }).toThrow(StatusError);
});

test("a frame whose chunks are not all there is refused", () => {
  const some = bodies();
  some.take(chunk(1, 10, 30));
  expect(() => some.finish(1)).toThrow(/10 bytes for a body of 30/);
});

test("chunks whose frame does not come are dropped after a minute without any; the frame is told, should it come", () => {
  const at = worker();
  const some = bodies(at);
  some.take(chunk(1, 10, 30));
  vi.advanceTimersByTime(40_000);
  some.take(chunk(2, 5, 5));
  vi.advanceTimersByTime(40_000);
  expect(at.dropped).toEqual([]);
  vi.advanceTimersByTime(40_000);
  expect(at.dropped).toEqual([100, 101]);
  expect(some.take(chunk(1, 20, 30))).toBe("expired");
  expect([some.finish(1), some.finish(2), some.finish(3)]).toEqual(["expired", "expired", undefined]);
  expect(some.take(chunk(4, 5, 5))).toBe(102);
  expect(some.finish(4)).toBe(102);
  some.clear();
  expect(at.dropped).toEqual([100, 101]);
  expect(vi.getTimerCount()).toBe(0);
});

test("while the worker takes nothing, nothing is missing", () => {
  const at = { ...worker(), blocked: true };
  const some = bodies(at);
  some.take(chunk(1, 10, 30));
  vi.advanceTimersByTime(600_000);
  at.blocked = false;
  vi.advanceTimersByTime(40_000);
  expect(at.dropped).toEqual([]);
  vi.advanceTimersByTime(40_000);
  expect(at.dropped).toEqual([100]);
});
