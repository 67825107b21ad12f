import { reasonOf } from "@podule/grpc";
import { Status } from "nice-grpc-common";
import { expect, test } from "vitest";
import { readPodObject } from "./pod-object.ts";
import { startProblem } from "./pod-problem.ts";
import { type PodJson, podJson } from "./testing/pod-json.ts";

const named = { name: "pods/numpy-1-1", moduleId: "numpy" };

function problemOf(json: PodJson, warning?: { reason: string; message: string }) {
  const pod = readPodObject(podJson(json));
  if (pod === undefined) throw new Error("No Pod");
  return startProblem(pod, named, warning);
}

const waiting = (reason: string, message = "the kubelet's words") => ({
  module: { waiting: { reason, message } },
});
const unschedulable = {
  conditions: [
    {
      type: "PodScheduled",
      status: "False",
      reason: "Unschedulable",
      message: "0/1 nodes are available: 1 Insufficient memory.",
    },
  ],
};

const PROBLEMS: readonly (readonly [string, PodJson, string, Status, RegExp])[] = [
  ["unschedulable", unschedulable, "POD_UNSCHEDULABLE", Status.UNAVAILABLE, /Insufficient memory/],
  ["image, at once", waiting("ErrImagePull"), "POD_IMAGE_FAILED", Status.UNAVAILABLE, /kubelet's words/],
  ["image, later", waiting("ImagePullBackOff"), "POD_IMAGE_FAILED", Status.UNAVAILABLE, /kubelet's words/],
  ["image, never", waiting("ErrImageNeverPull"), "POD_IMAGE_FAILED", Status.UNAVAILABLE, /may not be pulled/],
  ["image's name", waiting("InvalidImageName"), "POD_IMAGE_FAILED", Status.INVALID_ARGUMENT, /invalid/],
  [
    "a Secret that is not there",
    waiting("CreateContainerConfigError", 'secret "token" not found'),
    "POD_CONFIG_INVALID",
    Status.UNAVAILABLE,
    /secret "token" not found/,
  ],
  ["run", waiting("RunContainerError"), "POD_NOT_STARTED", Status.UNAVAILABLE, /cannot be started/],
  ["crash loop", waiting("CrashLoopBackOff"), "POD_CRASH_LOOP", Status.UNAVAILABLE, /again and again/],
  ["no words", waiting("ErrImagePull", ""), "POD_IMAGE_FAILED", Status.UNAVAILABLE, /ErrImagePull/],
];

test.each(PROBLEMS)("%s", (_what, json, reason, code, words) => {
  const status = problemOf(json);
  expect(status && reasonOf(status)).toBe(reason);
  expect(status?.code).toBe(code);
  expect(status?.message).toMatch(words);
  expect(status?.message).toContain("pods/numpy-1-1 of numpy");
});

test.each([
  ["nothing is known yet", {}],
  ["its containers are made", waiting("ContainerCreating")],
  ["its init containers run", waiting("PodInitializing")],
  ["it runs", { module: { running: {} } }],
  ["a reason of another Kubernetes", waiting("SomethingNew")],
])("no problem: %s", (_what, json) => expect(problemOf(json)).toBeUndefined());

test("a warning counts until a container has started", () => {
  const warning = { reason: "FailedMount", message: 'secret "tls" not found' };
  expect(problemOf(waiting("ContainerCreating"), warning)?.message).toContain('secret "tls" not found');
  expect(problemOf({ module: { running: {} } }, warning)).toBeUndefined();
  expect(problemOf({}, { reason: "BackOff", message: "later" })).toBeUndefined();
  const passing = "failed to sync secret cache: timed out waiting for the condition";
  expect(problemOf({}, { reason: "FailedMount", message: passing })).toBeUndefined();
});

test("what the API server sends need not make sense", () => {
  for (const json of [undefined, 1, [], {}, { metadata: {} }, { metadata: { name: 1 } }])
    expect(readPodObject(json)).toBeUndefined();
  const odd = {
    metadata: { name: "a", uid: "b", resourceVersion: "1" },
    status: { conditions: 3, containerStatuses: [7] },
  };
  expect(readPodObject(odd)?.containers).toEqual([{ name: "", running: false }]);
});
