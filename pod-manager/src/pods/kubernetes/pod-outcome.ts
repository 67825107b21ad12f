import { type RpcStatus, rpcStatus } from "@podule/grpc";
import { Pod_State } from "@podule/proto/podule/v1/pods.ts";
import { Status } from "nice-grpc-common";
import { parseTerminationMessage } from "../local/pod-end.ts";
import { conditionOf, type PodObject } from "./pod-object.ts";
import { endedContainer } from "./pod-problem.ts";

export interface PodOutcome {
  readonly state: Pod_State;
  readonly error: RpcStatus | undefined;
  /** Milliseconds since 1970. */
  readonly at: number | undefined;
}

export interface PodHistory {
  /** "pods/numpy-1-1". */
  readonly name: string;
  readonly moduleId: string;
  readonly wasReady: boolean;
  /** Someone asked for the end; `cause` is why, where that was a failure. */
  readonly asked: boolean;
  readonly cause: RpcStatus | undefined;
}

/** What has become of a pod whose container has ended, or which the node has given up; undefined: it has not ended. */
export function outcomeOf(pod: PodObject, history: PodHistory): PodOutcome | undefined {
  const ended = endedContainer(pod);
  const over = pod.phase === "Failed" || pod.phase === "Succeeded";
  if (ended === undefined && !over) return undefined;
  const at = Date.parse(ended?.finishedAt ?? "");
  const time = Number.isNaN(at) ? undefined : at;
  if (history.asked) return askedFor(history.cause, time);
  const error = errorOf(pod, history);
  return {
    state: error === undefined ? Pod_State.SUCCEEDED : Pod_State.FAILED,
    error,
    at: time,
  };
}

/** Of a pod that went as it was asked to, or that is gone without a word. */
export function askedFor(cause: RpcStatus | undefined, at: number | undefined): PodOutcome {
  return { state: cause === undefined ? Pod_State.SUCCEEDED : Pod_State.FAILED, error: cause, at };
}

/** The node went away with it: nobody will say how it ended. */
export function isLost(pod: PodObject, isServing: boolean): boolean {
  const disrupted = conditionOf(pod, "DisruptionTarget");
  return (
    !isServing &&
    pod.metadata.deletionTimestamp !== undefined &&
    disrupted?.status === "True" &&
    disrupted.reason === "DeletionByTaintManager"
  );
}

export function lostWithNode(pod: PodObject, history: PodHistory): RpcStatus {
  return failure(
    history,
    "POD_LOST",
    `The pod ${history.name} of ${history.moduleId} was lost with the node ${pod.nodeName}`,
    Status.UNAVAILABLE,
  );
}

function errorOf(pod: PodObject, history: PodHistory): RpcStatus | undefined {
  const { name, moduleId, wasReady } = history;
  const ended = endedContainer(pod);
  const who = `The pod ${name} of ${moduleId}`;
  const gone = wasReady ? Status.UNAVAILABLE : Status.FAILED_PRECONDITION;
  if (pod.reason === "Evicted")
    return failure(history, "POD_EVICTED", `${who} was evicted: ${pod.message}`, Status.UNAVAILABLE);
  if (ended?.reason === "OOMKilled")
    return failure(
      history,
      "OUT_OF_MEMORY",
      `${who} was ended by the kernel: it used more memory than its limit`,
      Status.RESOURCE_EXHAUSTED,
    );
  const message = parseTerminationMessage(ended?.message ?? "");
  if (message !== undefined) return message;
  if (ended?.exitCode === 0 && wasReady) return undefined;
  const evicted = conditionOf(pod, "DisruptionTarget");
  if (evicted?.status === "True")
    return failure(history, "POD_EVICTED", `${who} had to go: ${evicted.message}`, Status.UNAVAILABLE);
  if (ended === undefined)
    return failure(
      history,
      wasReady ? "POD_DIED" : "POD_NOT_STARTED",
      `${who} was given up by its node: ${[pod.reason, pod.message].filter((word) => word !== "").join(": ") || "no reason is known"}`,
      Status.UNAVAILABLE,
    );
  const how = ended.signal > 0 ? `was ended by signal ${ended.signal}` : `exited with code ${ended.exitCode}`;
  const last = ended.message.trim().split("\n").at(-1) ?? "";
  return rpcStatus(
    gone,
    wasReady ? "POD_DIED" : "POD_NOT_STARTED",
    `${who} ${how}${wasReady ? "" : " before it was ready"}${last === "" ? "" : `: ${last.slice(0, 1000)}`}`,
    {
      metadata: { module: moduleId, pod: name },
      ...(ended.message === "" ? {} : { debug: ended.message }),
    },
  );
}

function failure({ name, moduleId }: PodHistory, reason: string, message: string, code: Status): RpcStatus {
  return rpcStatus(code, reason, message.trim(), {
    metadata: { module: moduleId, pod: name },
    ...(code === Status.UNAVAILABLE ? { retryAfterMs: 1000 } : {}),
  });
}
