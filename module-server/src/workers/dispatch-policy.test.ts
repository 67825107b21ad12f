import fc from "fast-check";
import { expect, test } from "vitest";
import {
  chooseWorker,
  LEAST_WINDOW,
  MOST_WINDOW,
  nextPace,
  windowFor,
  workersToRecall,
} from "./dispatch-policy.ts";

const candidate = fc
  .record({
    outstanding: fc.nat(300),
    window: fc.integer({ min: 2, max: 256 }),
    streams: fc.nat(5),
    held: fc.boolean(),
  })
  .map(({ outstanding, window, streams, held }) => ({
    outstanding,
    window,
    held,
    load: outstanding + streams,
    slots: 1,
  }));

test("the least loaded worker with room is chosen, or none where none has room", () => {
  fc.assert(
    fc.property(fc.array(candidate), (workers) => {
      const free = workers.filter((worker) => !worker.held && worker.outstanding < worker.window);
      const chosen = chooseWorker(workers);
      if (chosen === undefined) expect(free).toEqual([]);
      else expect(free.every((worker) => worker.load >= chosen.load) && free.includes(chosen)).toBe(true);
    }),
  );
});

test("short calls are sent ahead by the hundred, long ones hardly", () => {
  expect(windowFor(0.01)).toBe(MOST_WINDOW);
  expect(windowFor(1)).toBe(4);
  expect(windowFor(10_000)).toBe(LEAST_WINDOW);
  expect(windowFor(10_000, 8)).toBe(9);
});

test("a slow call shows at once, fast ones by and by", () => {
  expect(nextPace(0.01, 100)).toBeGreaterThan(40);
  expect(nextPace(100, 0.01)).toBeGreaterThan(70);
});

test("calls come back only from a worker that is stuck, only while another has nothing to do", () => {
  const stuck = { outstanding: 3, window: 4, slots: 1, load: 3, held: false, stuck: true };
  const alone = { ...stuck, outstanding: 1, load: 1 };
  const moving = { ...stuck, stuck: false };
  const idle = { outstanding: 0, window: 4, slots: 1, load: 2, held: false, stuck: false };
  expect(workersToRecall([stuck, alone, moving, idle], 0)).toEqual([stuck]);
  expect(workersToRecall([stuck, alone, moving], 0)).toEqual([]);
  expect(workersToRecall([stuck, idle], 1)).toEqual([]);
  expect(workersToRecall([{ ...stuck, slots: 3 }, idle], 0)).toEqual([]);
  expect(workersToRecall([stuck, { ...idle, held: true }], 0)).toEqual([]);
});
