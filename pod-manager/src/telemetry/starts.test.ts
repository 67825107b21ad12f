import { Module, Module_State, ModuleStatus } from "@podule/proto/podule/v1/modules.ts";
import { Pod, Pod_State } from "@podule/proto/podule/v1/pods.ts";
import { expect, test } from "vitest";
import { timestampOf } from "../modules/module-status.ts";
import { startSpans } from "./starts.ts";

const at = (ms: number) => timestampOf(new Date(1_700_000_000_000 + ms));
const CONTEXT = { traceId: "a".repeat(32), spanId: "b".repeat(16), parentSpanId: "c".repeat(16) };

function phases(transitions: readonly [Module_State, number][]): [string, number, number][] {
  const status = {
    ...ModuleStatus.create(),
    transitions: transitions.map(([state, ms]) => ({ state, time: at(ms), message: "" })),
  };
  const pod = {
    ...Pod.create(),
    name: "pods/m-1",
    module: "modules/m",
    state: Pod_State.READY,
    createTime: at(5000),
    readyTime: at(6000),
  };
  return startSpans(CONTEXT, pod, { ...Module.create(), status }, "here").map(({ name, start, end }) => [
    name,
    start - 1_700_000_000_000,
    end - 1_700_000_000_000,
  ]);
}

test("the phases follow each other, from the first call to the pod that is ready", () => {
  const { RESOLVING, INSTALLING, STARTING, READY } = Module_State;
  expect(
    phases([
      [RESOLVING, 1000],
      [INSTALLING, 3000],
      [STARTING, 5000],
      [READY, 6000],
    ]),
  ).toEqual([
    ["start pod", 1000, 6000],
    ["resolve", 1000, 3000],
    ["install", 3000, 5000],
    ["start", 5000, 6000],
  ]);
});

test("an environment that was there takes no time; what an earlier start took is not this one's", () => {
  const { RESOLVING, INSTALLING, STARTING, READY } = Module_State;
  const earlier: [Module_State, number][] = [
    [RESOLVING, 100],
    [INSTALLING, 200],
    [STARTING, 300],
    [READY, 400],
  ];
  expect(phases([...earlier, [STARTING, 5000]])).toEqual([
    ["start pod", 5000, 6000],
    ["start", 5000, 6000],
  ]);
  expect(phases([])).toHaveLength(2);
});
