import { type RpcStatus, rpcStatus } from "@podule/grpc";
import { Status } from "nice-grpc-common";
import { MODULE_CONTAINER } from "./names.ts";
import { type ContainerState, conditionOf, type PodObject } from "./pod-object.ts";

/** The latest warning about a Pod that the API server knows. */
export interface PodWarning {
  readonly reason: string;
  readonly message: string;
}

interface Named {
  /** "pods/numpy-1-1". */
  readonly name: string;
  readonly moduleId: string;
}

interface Kind {
  readonly code: Status;
  readonly reason: string;
  readonly words: string;
}

/** Reasons of a container that waits; those that every start passes through are not here. */
const WAITING: Readonly<Record<string, Kind>> = {
  ErrImagePull: image("The image cannot be pulled"),
  ImagePullBackOff: image("The image cannot be pulled"),
  ErrImageNeverPull: image("The image is not on the node, and may not be pulled"),
  InvalidImageName: { ...image("The image's name is invalid"), code: Status.INVALID_ARGUMENT },
  ImageInspectError: image("The image cannot be read"),
  RegistryUnavailable: image("The image's registry cannot be reached"),
  CreateContainerConfigError: failed("POD_CONFIG_INVALID", "The container cannot be configured"),
  CreateContainerError: failed("POD_NOT_STARTED", "The container cannot be made"),
  RunContainerError: failed("POD_NOT_STARTED", "The container cannot be started"),
  PreCreateHookError: failed("POD_NOT_STARTED", "The container cannot be made"),
  PostStartHookError: failed("POD_NOT_STARTED", "The container cannot be started"),
  CrashLoopBackOff: failed("POD_CRASH_LOOP", "The container ends again and again"),
};

/** Warnings about pods whose status says nothing yet. */
const WARNINGS: Readonly<Record<string, Kind>> = {
  FailedMount: failed("POD_VOLUME_FAILED", "A volume cannot be mounted"),
  FailedAttachVolume: failed("POD_VOLUME_FAILED", "A volume cannot be attached"),
  FailedCreatePodSandBox: failed("POD_NOT_STARTED", "The pod's sandbox cannot be made"),
};

/** The kubelet has not heard of a Secret yet: it looks again at once. */
const PASSING = /failed to sync \w+ cache|timed out waiting for the condition/;

/** Why a pod that has not ended is not ready, where that is more than a matter of moments; undefined: nothing is known. */
export function startProblem(
  pod: PodObject,
  named: Named,
  warning: PodWarning | undefined,
): RpcStatus | undefined {
  const scheduled = conditionOf(pod, "PodScheduled");
  if (scheduled?.status === "False")
    return status(
      { ...UNSCHEDULABLE, words: UNSCHEDULABLE.words },
      scheduled.message,
      named,
      scheduled.reason,
    );
  for (const { waiting } of pod.containers) {
    const kind = waiting === undefined ? undefined : WAITING[waiting.reason];
    if (waiting !== undefined && kind !== undefined)
      return status(kind, waiting.message || waiting.reason, named, waiting.reason);
  }
  const warned = warning === undefined ? undefined : WARNINGS[warning.reason];
  const started = pod.containers.some(({ running, terminated }) => running || terminated !== undefined);
  if (warning !== undefined && warned !== undefined && !started && !PASSING.test(warning.message))
    return status(warned, warning.message, named, warning.reason);
  return undefined;
}

const UNSCHEDULABLE: Kind = {
  code: Status.UNAVAILABLE,
  reason: "POD_UNSCHEDULABLE",
  words: "No node can take the pod",
};

/** What the API server's refusal of a Pod means. */
export function createProblem(error: RpcStatus, { name, moduleId }: Named): RpcStatus {
  return { ...error, message: `The pod ${name} of ${moduleId} could not be made: ${error.message}` };
}

/** The container that serves, if it has ended. */
export function endedContainer(pod: PodObject): ContainerState["terminated"] {
  return pod.containers.find(({ name }) => name === MODULE_CONTAINER)?.terminated;
}

function image(words: string): Kind {
  return { code: Status.UNAVAILABLE, reason: "POD_IMAGE_FAILED", words };
}

function failed(reason: string, words: string): Kind {
  return { code: Status.UNAVAILABLE, reason, words };
}

function status(
  { code, reason, words }: Kind,
  details: string,
  { name, moduleId }: Named,
  cause: string,
): RpcStatus {
  const message = `The pod ${name} of ${moduleId} is not ready. ${words}: ${details.trim().slice(0, 2000)}`;
  return rpcStatus(code, reason, message, {
    metadata: { module: moduleId, pod: name, cause },
    ...(code === Status.UNAVAILABLE ? { retryAfterMs: RETRY_MS } : {}),
  });
}

const RETRY_MS = 5000;
