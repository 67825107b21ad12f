import type { ServerFrame } from "@podule/session";
import { expect, test } from "vitest";
import { Outbox } from "./outbox.ts";

const result = (id: number, bytes = 10): ServerFrame => ({ kind: "result", id, body: Buffer.alloc(bytes) });
const idsOf = (frames: Iterable<ServerFrame>) => [...frames].map((frame) => ("id" in frame ? frame.id : 0));

test("beyond the window frames wait, and follow in their order as it opens", () => {
  const outbox = new Outbox(true);
  for (let id = 1; id <= 100; id++) outbox.send(result(id, 100_000));
  const sent = idsOf(outbox.log.unacknowledged());
  expect(outbox.open).toBe(false);
  expect(sent.length).toBeGreaterThan(40);
  expect(sent.length).toBeLessThan(44);
  expect(outbox.waitingAnswers).toBe(100 - sent.length);
  outbox.log.acknowledge(10);
  outbox.pump();
  expect(outbox.waitingAnswers).toBe(90 - sent.length);
  outbox.log.acknowledge(50);
  outbox.pump();
  outbox.log.acknowledge(90);
  outbox.pump();
  expect([outbox.waitingAnswers, outbox.empty, outbox.open]).toEqual([0, true, true]);
  expect(idsOf(outbox.log.unacknowledged())).toEqual([91, 92, 93, 94, 95, 96, 97, 98, 99, 100]);
});

test("a small frame that is kept does not keep the chunk it came in", () => {
  const outbox = new Outbox(true);
  const chunk = Buffer.alloc(64 * 1024);
  outbox.send({ kind: "result", id: 1, body: chunk.subarray(5, 9) });
  const [kept] = outbox.log.unacknowledged();
  expect(kept?.kind === "result" ? kept.body.buffer === chunk.buffer : undefined).toBe(false);
});

test("many small frames that nobody confirms fill the window, too", () => {
  const outbox = new Outbox(true);
  for (let id = 1; id <= 100_000; id++) outbox.send({ kind: "end", id });
  expect([...outbox.log.unacknowledged()].length).toBeLessThan(35_000);
});

test("nothing is taken once the session ends", () => {
  const outbox = new Outbox(true);
  outbox.closing = true;
  outbox.send(result(1));
  expect([...outbox.log.unacknowledged()]).toEqual([]);
});
