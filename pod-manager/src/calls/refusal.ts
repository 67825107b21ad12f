import { type RpcStatus, rpcStatus } from "@podule/grpc";
import { type Module, Module_State } from "@podule/proto/podule/v1/modules.ts";
import { Status } from "nice-grpc-common";
import type { RemainingStart } from "../scale/start-times.ts";
import type { Excess } from "./quota-gate.ts";
import type { Refusal } from "./waiting-queue.ts";

const RETRY_MS = 1000;

/** Why calls to the module may not wait for a pod; undefined: they may. */
export function refusalOf(id: string, module: Module): RpcStatus | undefined {
  switch (module.status?.state) {
    case Module_State.DRAINING:
      return rpcStatus(Status.UNAVAILABLE, "MODULE_DRAINING", `The module ${id} is being deleted`, {
        metadata: { module: id },
      });
    case Module_State.FAILED:
      // A spec that is newer than the failure is still to be tried.
      if (module.status.observedGeneration < module.generation) return undefined;
      return (
        module.status.error ??
        rpcStatus(Status.FAILED_PRECONDITION, "MODULE_FAILED", `The module ${id} could not be started`, {
          metadata: { module: id },
        })
      );
    default:
      return undefined;
  }
}

export function moduleDeleted(id: string): RpcStatus {
  return rpcStatus(Status.NOT_FOUND, "MODULE_NOT_FOUND", `The module ${id} was deleted`, {
    metadata: { module: id },
  });
}

/** `retryMs`: when a pod is expected to take calls, where that is known. */
export function queueFull(id: string, full: FullQueue, retryMs: number = RETRY_MS): RpcStatus {
  const { bound, limit, waiting, caller } = full;
  const whose = caller === undefined ? "" : " of this caller";
  const use = `${waiting} calls${whose} wait already: the limit of waiting ${bound}, ${limit}, is reached`;
  return rpcStatus(
    Status.RESOURCE_EXHAUSTED,
    "QUEUE_FULL",
    `No pod of ${id} is ready for one more call, and ${use}`,
    {
      metadata: { module: id, bound, limit: `${limit}`, waiting: `${waiting}` },
      retryAfterMs: retryMs,
      quota: { subject: subjectOf(id, caller), description: use },
    },
  );
}

export interface FullQueue {
  readonly bound: Refusal;
  readonly limit: number;
  readonly waiting: number;
  readonly caller?: string;
}

/** It has waited for as long as calls may. */
export function queueTimeout(id: string, waitedMs: number, retryMs: number = RETRY_MS): RpcStatus {
  return rpcStatus(
    Status.RESOURCE_EXHAUSTED,
    "QUEUE_TIMEOUT",
    `No pod of ${id} has taken the call within ${waitedMs / 1000} s`,
    { metadata: { module: id, waited_ms: `${waitedMs}` }, retryAfterMs: retryMs },
  );
}

/** Its pod is started all the same: the next call may be in time. */
export function deadlineTooShort(id: string, leftMs: number, start: RemainingStart): RpcStatus {
  const [left, least, likely] = [leftMs, start.least, start.likely].map((ms) => Math.ceil(ms));
  return rpcStatus(
    Status.DEADLINE_EXCEEDED,
    "DEADLINE_TOO_SHORT",
    `A pod of ${id} starts now, which has never taken less than ${least} ms from here: the call's ${left} ms are not enough`,
    {
      metadata: { module: id, left_ms: `${left}`, least_ms: `${least}`, likely_ms: `${likely}` },
      retryAfterMs: start.likely,
    },
  );
}

export function quotaExceeded(id: string, { quota, limit, used, caller }: Excess): RpcStatus {
  const description = `${quota} is ${limit}, and ${used} are in use`;
  return rpcStatus(
    Status.RESOURCE_EXHAUSTED,
    "QUOTA_EXCEEDED",
    `The quota of ${caller === undefined ? `the module ${id}` : `a caller of the module ${id}`} is reached: ${description}`,
    {
      metadata: { module: id, quota, limit: `${limit}`, used: `${used}` },
      retryAfterMs: RETRY_MS,
      quota: { subject: subjectOf(id, caller), description },
    },
  );
}

/** Nobody is told who others are: the caller is the one who reads it. */
function subjectOf(id: string, caller: string | undefined): string {
  return caller === undefined ? `modules/${id}` : `modules/${id} for ${caller}`;
}

export function sessionGone(pod: string): RpcStatus {
  return rpcStatus(Status.NOT_FOUND, "SESSION_LOST", "The session is gone with its pod and its objects", {
    metadata: { pod, cause: "The pod is gone" },
  });
}

/** The session may still live there: another pod cannot take its calls. */
export function podNotReady(pod: string): RpcStatus {
  return rpcStatus(Status.UNAVAILABLE, "POD_NOT_READY", "The session's pod takes no calls now", {
    metadata: { pod },
    retryAfterMs: RETRY_MS,
  });
}

/** The connection to it broke, or was never made. */
export function podUnreachable(pod: string, words: string): RpcStatus {
  return rpcStatus(
    Status.UNAVAILABLE,
    "POD_UNREACHABLE",
    `The connection to the session's pod broke: ${words}`,
    {
      metadata: { pod },
      retryAfterMs: RETRY_MS,
    },
  );
}

export function shuttingDown(): RpcStatus {
  return rpcStatus(Status.UNAVAILABLE, "SHUTTING_DOWN", "The pod manager is ending", {
    retryAfterMs: RETRY_MS,
  });
}

/** `pod`: undefined where it is not known which pod may have had it. */
export function requestLost(pod: string | undefined): RpcStatus {
  const words =
    "The pod that had this request_id cannot be asked any more: the call may have run, and is not run again";
  return rpcStatus(Status.ABORTED, "REQUEST_LOST", words, pod === undefined ? {} : { metadata: { pod } });
}

export function tooManyRequestIds(known: number): RpcStatus {
  return rpcStatus(
    Status.RESOURCE_EXHAUSTED,
    "TOO_MANY_REQUEST_IDS",
    `${known} calls with a request_id are remembered already: as many as can be`,
    { retryAfterMs: RETRY_MS },
  );
}
