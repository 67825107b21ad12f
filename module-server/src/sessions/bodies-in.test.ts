import { StatusError } from "@podule/grpc";
import { expect, test } from "vitest";
import { BodiesIn } from "./bodies-in.ts";

function bodies(): BodiesIn {
  let transfer = 100;
  return new BodiesIn(() => transfer++);
}

const chunk = (id: number, length: number, total: number) =>
  ({ kind: "chunk", id, data: Buffer.alloc(length), total, callback: false }) as const;

test("the chunks of one body have one transfer, whatever comes between", () => {
  const some = bodies();
  expect([some.take(chunk(1, 10, 30)), some.take(chunk(2, 5, 5)), some.take(chunk(1, 20, 30))]).toEqual([
    100, 101, 100,
  ]);
  expect([some.finish(1), some.finish(1), some.finish(3)]).toEqual([100, undefined, undefined]);
  expect(some.clear()).toEqual([101]);
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
