import { reasonOf, rpcStatus } from "@podule/grpc";
import { Status as RpcStatusMessage } from "@podule/proto/google/rpc/status.ts";
import { Pod_State } from "@podule/proto/podule/v1/pods.ts";
import { Status } from "nice-grpc-common";
import { expect, test } from "vitest";
import { readPodObject } from "./pod-object.ts";
import { isLost, outcomeOf, type PodHistory } from "./pod-outcome.ts";
import { type PodJson, podJson } from "./testing/pod-json.ts";

const history: PodHistory = {
  name: "pods/numpy-1-1",
  moduleId: "numpy",
  wasReady: false,
  asked: false,
  cause: undefined,
};

function objectOf(json: PodJson) {
  const pod = readPodObject(podJson(json));
  if (pod === undefined) throw new Error("No Pod");
  return pod;
}

const terminated = (state: object): PodJson => ({ phase: "Failed", module: { terminated: state } });
const termination = JSON.stringify(
  RpcStatusMessage.toJSON(rpcStatus(Status.NOT_FOUND, "MODULE_NOT_IMPORTABLE", "No module named 'nmpy'")),
);
const ready = { wasReady: true };

const ENDS: readonly (readonly [
  string,
  PodJson,
  Partial<PodHistory>,
  Pod_State,
  string | undefined,
  RegExp,
])[] = [
  [
    "its own words",
    terminated({ exitCode: 1, message: termination }),
    {},
    Pod_State.FAILED,
    "MODULE_NOT_IMPORTABLE",
    /nmpy/,
  ],
  [
    "memory",
    terminated({ exitCode: 137, reason: "OOMKilled" }),
    ready,
    Pod_State.FAILED,
    "OUT_OF_MEMORY",
    /more memory/,
  ],
  ["a signal", terminated({ exitCode: 139, signal: 11 }), ready, Pod_State.FAILED, "POD_DIED", /signal 11/],
  [
    "before it was ready",
    terminated({ exitCode: 2, message: "a\nlast line" }),
    {},
    Pod_State.FAILED,
    "POD_NOT_STARTED",
    /code 2 before it was ready: last line/,
  ],
  [
    "evicted",
    { phase: "Failed", reason: "Evicted", message: "The node was low on memory." },
    ready,
    Pod_State.FAILED,
    "POD_EVICTED",
    /low on memory/,
  ],
  [
    "preempted",
    {
      ...terminated({ exitCode: 143 }),
      conditions: [{ type: "DisruptionTarget", status: "True", message: "preempted" }],
    },
    ready,
    Pod_State.FAILED,
    "POD_EVICTED",
    /preempted/,
  ],
  [
    "refused by the node",
    { phase: "Failed", reason: "OutOfcpu", message: "Node didn't have enough" },
    {},
    Pod_State.FAILED,
    "POD_NOT_STARTED",
    /OutOfcpu: Node/,
  ],
  [
    "by itself, in order",
    { phase: "Succeeded", module: { terminated: { exitCode: 0 } } },
    ready,
    Pod_State.SUCCEEDED,
    undefined,
    /^$/,
  ],
  [
    "never ready, exit 0",
    { phase: "Succeeded", module: { terminated: { exitCode: 0 } } },
    {},
    Pod_State.FAILED,
    "POD_NOT_STARTED",
    /code 0/,
  ],
  ["as asked", terminated({ exitCode: 137 }), { asked: true }, Pod_State.SUCCEEDED, undefined, /^$/],
  [
    "while the other container still runs",
    { phase: "Running", module: { terminated: { exitCode: 1 } } },
    ready,
    Pod_State.FAILED,
    "POD_DIED",
    /code 1/,
  ],
];

test.each(ENDS)("%s", (_what, json, changes, state, reason, words) => {
  const outcome = outcomeOf(objectOf(json), { ...history, ...changes });
  expect(outcome?.state).toBe(state);
  expect(outcome?.error && reasonOf(outcome.error)).toBe(reason);
  expect(outcome?.error?.message ?? "").toMatch(words);
});

test("asked for with a cause: that is why", () => {
  const cause = rpcStatus(Status.FAILED_PRECONDITION, "POD_START_TIMEOUT", "too late");
  const outcome = outcomeOf(objectOf(terminated({ exitCode: 143 })), { ...history, asked: true, cause });
  expect(outcome).toMatchObject({ state: Pod_State.FAILED, error: cause });
});

test("not ended: pending, running, going", () => {
  for (const json of [
    {},
    { phase: "Running", module: { running: {} } },
    { deleted: true, module: { running: {} } },
  ])
    expect(outcomeOf(objectOf(json), history)).toBeUndefined();
});

test("lost is a pod that was taken from a dead node, and only if it answers no longer", () => {
  const conditions = [{ type: "DisruptionTarget", status: "True", reason: "DeletionByTaintManager" }];
  expect(isLost(objectOf({ deleted: true, conditions }), false)).toBe(true);
  expect(isLost(objectOf({ deleted: true, conditions }), true)).toBe(false);
  expect(isLost(objectOf({ deleted: true }), false)).toBe(false);
  expect(isLost(objectOf({ conditions }), false)).toBe(false);
});
