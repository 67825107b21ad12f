import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { failure } from "../stack/call-failure.ts";
import { written } from "../stack/files.ts";
import { onCluster } from "../stack/on-cluster.ts";
import { residentBytes } from "../stack/processes.ts";
import { useStack } from "../stack/use-stack.ts";
import { float, int, json, plain, str } from "../stack/values.ts";

const running = useStack({ probe: true, probeWorkers: 2 });
const stream = (...args: Parameters<typeof running.stack.connection.stream>) =>
  running.stack.connection.stream(...args);

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "podule-e2e-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function all(items: AsyncIterable<Parameters<typeof plain>[0]>): Promise<unknown[]> {
  const list: unknown[] = [];
  for await (const item of items) list.push(plain(item));
  return list;
}

describe("items", () => {
  test("of a generator, of any iterable, of none", async () => {
    expect(await all(stream("probe", "count", [int(5)]))).toEqual([0, 1, 2, 3, 4]);
    expect(await all(stream("probe", "echo", [json(["a", 1])]))).toEqual(["a", 1]);
    expect(await all(stream("probe", "count", [int(0)]))).toEqual([]);
  });

  test("many, in order", async () => {
    const items = await all(stream("probe", "count", [int(20_000)]));
    expect(items).toEqual(Array.from({ length: 20_000 }, (_, i) => i));
  });

  test("arrive as they are made", async () => {
    const start = performance.now();
    const arrivals: number[] = [];
    for await (const _ of stream("probe", "count", [int(4), float(0.5)]))
      arrivals.push(performance.now() - start);
    const [first = 0, , , fourth = 0] = arrivals;
    expect(fourth - first).toBeGreaterThan(1000);
  });

  test("an exception after items: the items first", async () => {
    const seen: unknown[] = [];
    const error = await failure(
      (async () => {
        for await (const item of stream("probe", "break_after", [int(3)])) seen.push(plain(item));
      })(),
    );
    expect(seen).toEqual([0, 1, 2]);
    expect(error.details).toContain("broke");
    expect(error.traceback).toContain("break_after");
  });

  test("of what is no iterable: its type", async () => {
    const error = await failure(all(stream("probe", "pid")));
    expect(error.code).toBe("FAILED_PRECONDITION");
    expect(error.details).toMatch(/iterat/);
  });
});

describe("the end", () => {
  test.skipIf(onCluster)("a reader who stops runs the generator's finally", async () => {
    const file = join(folder, "stopped");
    let read = 0;
    for await (const _ of stream("probe", "endless", [str(file)])) if (++read === 10) break;
    const made = Number(await written(file));
    // The worker is at most 16 items ahead of the reader; what the connections hold comes on top.
    expect(made).toBeLessThan(100_000);
  });

  test.skipIf(onCluster)("a deadline in the middle", async () => {
    const file = join(folder, "late");
    const error = await failure(all(stream("probe", "endless", [str(file), int(1000)], { timeoutMs: 500 })));
    expect(error.code).toBe("DEADLINE_EXCEEDED");
    await written(file);
  });

  test.skipIf(onCluster)("the worker's death", async () => {
    const items = stream("probe", "count", [int(1000), float(0.05)])[Symbol.asyncIterator]();
    await items.next();
    for (const pid of running.stack.pids("worker")) process.kill(pid, "SIGKILL");
    const error = await failure(
      (async () => {
        while (!(await items.next()).done);
      })(),
    );
    expect(error.code).toBe("ABORTED");
    expect(plain(await running.stack.connection.call("probe", "pid"))).toBeGreaterThan(0);
  });
});

test.skipIf(onCluster)("a slow reader of an endless generator: no process grows", async () => {
  const { stack } = running;
  const file = join(folder, "slow");
  const SIZE = 256 << 10;
  const memory = () =>
    new Map(stack.processes().map(({ pid, part }) => [`${part} ${pid}`, residentBytes(pid) / (1 << 20)]));
  const items = stream("probe", "endless", [str(file), int(SIZE)])[Symbol.asyncIterator]();
  const take = async (count: number) => {
    for (let i = 0; i < count; i++) {
      await items.next();
      await sleep(10);
    }
  };
  await take(100);
  const before = memory();
  // A reader that never slept would read gigabytes in this time.
  await take(300);
  await sleep(2000);
  const growth = [...memory()].map(([name, mb]) => [name, mb - (before.get(name) ?? mb)] as const);
  console.log(growth.map(([name, mb]) => `${name}: ${mb >= 0 ? "+" : ""}${mb.toFixed(1)} MiB`).join(", "));
  for (const [name, mb] of growth) expect.soft(mb, name).toBeLessThan(48);
  await items.return?.();
  const made = Number(await written(file));
  expect(made).toBeLessThan(400 + 16 + 200);
});
