import { expect, test } from "vitest";
import { until } from "../testing/until.ts";
import { createLedReconciler } from "./led-reconciler.ts";

test("one term at a time: the next begins when nothing of the one before runs", async () => {
  let leads = true;
  let tell = () => {};
  const log: string[] = [];
  const closing: (() => void)[] = [];
  let terms = 0;
  const reconciler = createLedReconciler({
    leadership: {
      isLeader: () => leads,
      watch(listener) {
        tell = listener;
        return () => {};
      },
    },
    make: () => {
      const term = ++terms;
      return {
        enqueue: (id) => void log.push(`${term} ${id}`),
        refresh() {},
        wantedByCall() {},
        start: () => void log.push(`start ${term}`),
        close: () =>
          new Promise<void>((resolve) => {
            closing.push(() => {
              log.push(`closed ${term}`);
              resolve();
            });
          }),
      };
    },
    onBegin: () => void log.push("begin"),
    onEnd: () => void log.push("end"),
  });
  const change = (to: boolean) => {
    leads = to;
    tell();
  };
  reconciler.enqueue("before");
  reconciler.start();
  await until(() => log.includes("start 1"));
  reconciler.enqueue("a");
  change(false);
  await until(() => closing.length === 1);
  change(true);
  reconciler.enqueue("between");
  closing[0]?.();
  await until(() => log.includes("start 2"));
  reconciler.enqueue("b");
  const closed = reconciler.close();
  await until(() => closing.length === 2);
  closing[1]?.();
  await closed;
  expect(log).toEqual([
    "begin",
    "start 1",
    "1 a",
    "closed 1",
    "end",
    "begin",
    "start 2",
    "2 b",
    "closed 2",
    "end",
  ]);
});
