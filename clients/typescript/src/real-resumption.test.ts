import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startPod, type TestPod } from "../../../module-server/testing/pod.ts";
import podule, { type RemoteModule, SessionLostError } from "./index.ts";
import { BreakableProxy } from "./testing/breakable-proxy.ts";
import type { Things } from "./testing/things.ts";

let pod: TestPod;
let proxy: BreakableProxy;
let things: RemoteModule<Things>;

beforeAll(async () => {
  const path = fileURLToPath(new URL("./testing/python", import.meta.url));
  pod = await startPod({
    env: { MODULE_NAME: "things", PODULE_MODULE_PATH: path, PODULE_SESSION_GRACE_MS: "5000" },
  });
  proxy = await new BreakableProxy(pod.address).listen();
  things = await podule.import<Things>("things", { url: proxy.address });
}, 30_000);

afterAll(async () => {
  await things?.$close();
  await proxy?.[Symbol.asyncDispose]();
  await pod?.[Symbol.asyncDispose]();
});

test("connections that break under load: each call runs once and is answered once, objects stay", async () => {
  const counter = await things.Counter(0).$object();
  const timer = setInterval(() => proxy.break(2_000), 40);
  const worker = async (from: number): Promise<number[]> => {
    const sums: number[] = [];
    for (let i = from; i < from + 150; i++) {
      const [sum] = await Promise.all([things.add(i, 1), counter.up()]);
      sums.push(Number(sum));
      await sleep(1);
    }
    return sums;
  };
  const sums = (await Promise.all([0, 1000, 2000, 3000].map(worker))).flat();
  clearInterval(timer);
  expect(sums).toEqual(
    [0, 1000, 2000, 3000].flatMap((from) => Array.from({ length: 150 }, (_, i) => from + i + 1)),
  );
  expect(await counter.value).toBe(600);
});

test("a large value goes on where the connection broke", async () => {
  const bytes = new Uint8Array(20_000_000).map((_, i) => i % 251);
  const timer = setInterval(() => proxy.break(500_000), 50);
  const back = await things.echo(bytes);
  clearInterval(timer);
  expect(back instanceof Uint8Array && Buffer.compare(back, bytes)).toBe(0);
}, 60_000);

test("items of an iteration, and functions that Python calls, too", async () => {
  const timer = setInterval(() => proxy.break(2_000), 40);
  const seen: unknown[] = [];
  for await (const item of things.numbers(1000)) {
    seen.push(item);
    if (seen.length % 50 === 0) await sleep(5);
  }
  let calls = 0;
  const results: unknown[] = [];
  for (let i = 0; i < 20; i++) {
    results.push(
      await things.apply(async (n: number) => {
        calls++;
        await sleep(3);
        return n * 2;
      }, i),
    );
  }
  clearInterval(timer);
  expect(seen).toEqual(Array.from({ length: 1000 }, (_, i) => i));
  expect(results).toEqual(Array.from({ length: 20 }, (_, i) => 2 * i));
  expect(calls).toBe(20);
});

test("a connection that stays away beyond the grace loses the session; calls and objects are told, new calls go on", async () => {
  const counter = await things.Counter(0).$object();
  const running = Promise.resolve(things.sleep(60)).catch((error: unknown) => error);
  await sleep(50);
  proxy.down = true;
  proxy.break();
  expect(await running).toBeInstanceOf(SessionLostError);
  proxy.down = false;
  await expect(Promise.resolve(counter.value)).rejects.toBeInstanceOf(SessionLostError);
  expect(await things.add(1, 1)).toBe(2);
});
