import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startPod, type TestPod } from "../../../module-server/testing/pod.ts";
import podule, { op, PythonError, type RemoteModule, SessionLostError, slice } from "./index.ts";
import type { Things } from "./testing/things.ts";

let pod: TestPod;
let things: RemoteModule<Things>;

beforeAll(async () => {
  const path = fileURLToPath(new URL("./testing/python", import.meta.url));
  pod = await startPod({ env: { MODULE_NAME: "things", PODULE_MODULE_PATH: path } });
  things = await podule.import<Things>("things", { url: pod.address });
}, 30_000);

afterAll(async () => {
  await things?.$close();
  await pod?.[Symbol.asyncDispose]();
});

test("a chain of dependent calls is answered by its end", async () => {
  expect(await things.Counter(1).up(2).up(3).value).toBe(6);
  expect(await things.answer).toBe(42);
});

test("an error in a chain is the error of its end, with its origin", async () => {
  const error: unknown = await Promise.resolve(things.add(things.fail("first"), 1)).catch((e: unknown) => e);
  expect(error).toBeInstanceOf(PythonError);
  expect(error).toMatchObject({ pythonType: "ValueError" });
  if (error instanceof PythonError) expect(error.origin).toBeGreaterThan(0);
});

test("an object stays, with its attributes, items and operators", async () => {
  await using counter = await things.Counter(5).$object();
  expect(counter.$type).toBe("things:Counter");
  await counter.up(2);
  expect(await counter.value).toBe(7);
  await counter.$setAttr("value", 4);
  expect(await counter.$len()).toBe(4);
  expect(await counter.$item(slice(1, 3))).toEqual([1, 2]);
  await counter.$setItem("k", "v");
  expect(await counter.$item("k")).toBe("v");
  await counter.$delItem("k");
  await expect(Promise.resolve(counter.$item("k"))).rejects.toMatchObject({ pythonType: "KeyError" });
  const sum = op.add(1, op.add(counter, counter));
  expect(await op.len(sum)).toBe(9);
  expect(await counter.$dir()).toContain("up");
  expect(await counter.$help()).toContain("Counts.");
  expect(await counter.$repr()).toContain("Counter");
  expect(await op.isinstance(counter, things.Counter)).toBe(true);
});

test("iteration, of objects, generators and async generators", async () => {
  for (const [iterable, count] of [
    [things.Counter(300), 300],
    [things.numbers(1000), 1000],
    [things.async_numbers(50), 50],
  ] as const) {
    const seen: unknown[] = [];
    for await (const item of iterable) seen.push(item);
    expect(seen).toEqual(Array.from({ length: count }, (_, i) => i));
  }
  let first: unknown;
  for await (const item of things.numbers(1e9)) {
    first = item;
    break;
  }
  expect(first).toBe(0);
});

test("functions are called from Python, and what they throw is raised there", async () => {
  expect(await things.apply((a: number, b: number) => a * b, 6, 7)).toBe(42);
  expect(await things.apply(async (a: number) => a + 1, 1)).toBe(2);
  expect(
    await things.apply_caught(() => {
      throw new RangeError("too far");
    }),
  ).toContain("caught too far");
  // A callback may call again, in the same session, while Python waits for it.
  expect(await things.apply(async () => Number(await things.add(1, 2)) + 1)).toBe(4);
});

test("a context manager is left with the error that happened inside", async () => {
  {
    await using context = await things.manager("a").$enter();
    expect(context.value).toBe("A");
  }
  const context = await things.manager("b").$enter();
  expect(await context.exit(new RangeError("bad"))).toBe(true);
  expect(await things.entered).toEqual(["a", "a left", "b", "b bad", "b left"]);
});

test("large values both ways", async () => {
  const bytes = new Uint8Array(5_000_000).map((_, i) => i % 251);
  expect(await things.size(bytes)).toBe(5_000_000);
  const back = await things.echo(bytes);
  expect(back instanceof Uint8Array && Buffer.compare(back, bytes)).toBe(0);
  expect(await things.blob(3_000_000)).toHaveLength(3_000_000);
  expect(await things.apply((value: Uint8Array) => value, bytes)).toHaveLength(5_000_000);
});

test("a worker that dies takes its session along, and tells each call", async () => {
  const other = await podule.import<Things>("things", { url: pod.address });
  const object = await other.Counter(1).$object();
  const outcomes = await Promise.allSettled([other.exit_now(), other.add(1, 2), other.sleep(1)]);
  for (const outcome of outcomes) {
    expect(outcome).toMatchObject({ status: "rejected", reason: { code: "ABORTED" } });
  }
  await expect(Promise.resolve(object.value)).rejects.toBeInstanceOf(SessionLostError);
  expect(await other.add(2, 2)).toBe(4);
  await other.$close();
});
