import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { callRequest, itemOf, type Plain } from "../../testing/call-request.ts";
import { eventually, residentBytes, sessionCall, startPod, type TestPod } from "../../testing/pod.ts";

let pod: TestPod;

beforeAll(async () => {
  pod = await startPod();
});
afterAll(async () => await pod[Symbol.asyncDispose]());

async function items(name: string, ...args: (number | string)[]): Promise<Plain[]> {
  const all: Plain[] = [];
  for await (const item of pod.stream(callRequest(name, ...args))) all.push(itemOf(item));
  return all;
}

test("the items come in order, and then the end", async () => {
  expect(await items("count_to", 1000)).toEqual(Array.from({ length: 1000 }, (_, at) => at));
  expect(await items("count_to", 0)).toEqual([]);
});

test("what is no iterator is an error", async () => {
  await expect(items("add", 1, 2)).rejects.toThrow(/iterated/);
});

test("an endless generator read slowly stays near its reader, and its finally runs at the cancel", async () => {
  const size = 256 * 1024;
  const stream = pod.stream(callRequest("count_up", pod.file("made"), size));
  stream.on("error", () => {});
  stream.pause();
  const read = async () => {
    for (;;) {
      const item: Buffer | null = stream.read();
      if (item !== null) return itemOf(item);
      await once(stream, "readable");
    }
  };
  for (let count = 0; count < 5; count++) expect(await read()).toHaveLength(size);
  const before = residentBytes(pod.child.pid ?? 0);
  await sleep(1000);
  expect(residentBytes(pod.child.pid ?? 0) - before).toBeLessThan(32 * 1024 * 1024);
  expect(await pod.call(callRequest("add", 1, 2))).toBe(3);
  stream.cancel();
  const made = Number(await eventually(() => pod.read("made") || undefined, "the generator's finally"));
  // What was read, and what may be under way: in the worker's sight, in the server's and in the client's buffers.
  expect(made).toBeLessThan(5 + 120);
});

test("twenty generators that nobody reads leave the worker free", async () => {
  const streams = Array.from({ length: 20 }, (_, at) => {
    const stream = pod.stream(callRequest("count_up", pod.file(`idle${at}`), 100_000));
    stream.on("error", () => {});
    stream.pause();
    return stream;
  });
  await sleep(500);
  // On a connection of its own: those streams fill up theirs.
  const session = pod.session();
  for (let count = 0; count < 20; count++)
    expect(await sessionCall(session, callRequest("add", count, 1))).toBe(count + 1);
  session.close();
  for (const stream of streams) stream.cancel();
  for (const at of streams.keys()) await eventually(() => pod.read(`idle${at}`) || undefined, "its finally");
});

test("in a session the credit says how many items come", async () => {
  const session = pod.session();
  await session.opened;
  const got: Plain[] = [];
  let ended = false;
  const call = session.stream(
    callRequest("count_to", 100),
    { credit: 3 },
    {
      item: (item) => got.push(itemOf(item)),
      end: () => {
        ended = true;
      },
      error: (status) => got.push(status.message),
    },
  );
  await eventually(() => (got.length === 3 ? true : undefined), "three items");
  await sleep(300);
  expect(got).toEqual([0, 1, 2]);
  call.credit(7);
  await eventually(() => (got.length === 10 ? true : undefined), "ten items");
  call.credit(1000);
  await eventually(() => (ended ? true : undefined), "the end");
  expect(got).toEqual(Array.from({ length: 100 }, (_, at) => at));
  session.close();
});
