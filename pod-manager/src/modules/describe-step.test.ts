import { reasonOf, rpcStatus } from "@podule/grpc";
import { Module_State } from "@podule/proto/podule/v1/modules.ts";
import { Pod, Pod_State } from "@podule/proto/podule/v1/pods.ts";
import { Status } from "nice-grpc";
import { expect, test } from "vitest";
import { describeStuck } from "./describe-step.ts";
import type { Step } from "./next-step.ts";

const error = rpcStatus(Status.UNAVAILABLE, "POD_UNSCHEDULABLE", "No node can take the pod\nmore");
const step = (phase: Step["phase"]): Step => ({ phase, drain: [], create: 0, prepare: false, remove: false });
const pod = (state: Pod_State, why?: typeof error) => Pod.create({ name: "pods/a", state, error: why });

test("a pod that cannot start, and no other that is ready: the module has failed, for now", () => {
  const pods = [pod(Pod_State.STARTING), pod(Pod_State.STARTING, error)];
  const stuck = describeStuck(step("starting"), pods);
  expect(stuck).toMatchObject({ state: Module_State.FAILED, message: "No node can take the pod" });
  expect(stuck?.error && reasonOf(stuck.error)).toBe("POD_UNSCHEDULABLE");
});

test("not while others answer, not for pods that have ended, not without a reason", () => {
  expect(describeStuck(step("ready"), [pod(Pod_State.STARTING, error)])).toBeUndefined();
  expect(describeStuck(step("starting"), [pod(Pod_State.FAILED, error)])).toBeUndefined();
  expect(describeStuck(step("starting"), [pod(Pod_State.STARTING)])).toBeUndefined();
});
