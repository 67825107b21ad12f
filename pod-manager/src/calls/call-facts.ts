import type { ServerErrorResponse, ServerSurfaceCall } from "@grpc/grpc-js/build/src/server-call.js";
import { type RpcStatus, reasonOf, rpcStatus, StatusError, toServiceError } from "@podule/grpc";
import { Status } from "nice-grpc-common";

const LONGEST_TIMEOUT_MS = 2 ** 32 - 1;
const TRACEPARENT_LENGTH = 55;

/** What goes along with a call besides its request. */
export interface CallFacts {
  timeoutMs?: number;
  traceparent?: string;
}

/** With what is left of the deadline now; undefined where it has passed. */
export function factsOf(call: ServerSurfaceCall): CallFacts | undefined {
  const facts: CallFacts = {};
  const deadline = Number(call.getDeadline());
  if (deadline !== Number.POSITIVE_INFINITY) {
    const left = Math.ceil(deadline - Date.now());
    if (left <= 0) return undefined;
    facts.timeoutMs = Math.min(left, LONGEST_TIMEOUT_MS);
  }
  const traceparent = call.metadata.get("traceparent")[0];
  if (typeof traceparent === "string" && traceparent.length === TRACEPARENT_LENGTH)
    facts.traceparent = traceparent;
  return facts;
}

/** Whether a call that was cancelled here will be ended by its pod, which knows the deadline too. */
export function isPastDeadline(call: ServerSurfaceCall): boolean {
  return Number(call.getDeadline()) <= Date.now();
}

/** Reasons that say: no worker has seen the call. */
const NOT_STARTED = new Set(["CALL_NOT_SENT", "SESSION_CLOSED", "DRAINING"]);
export const MAX_STARTS = 3;

/** Whether a call that was answered so may go to another pod: only one that surely was not started. */
export function mayMove(status: RpcStatus, starts: number): boolean {
  if (status.code !== Status.UNAVAILABLE || starts >= MAX_STARTS) return false;
  return NOT_STARTED.has(reasonOf(status) ?? "");
}

export function deadlinePassed(): RpcStatus {
  return rpcStatus(
    Status.DEADLINE_EXCEEDED,
    "DEADLINE_EXCEEDED",
    "The deadline passed before the call reached a pod",
  );
}

export function moduleMissing(): RpcStatus {
  const description = "Name the module to call (the part of its resource name after modules/)";
  return rpcStatus(Status.INVALID_ARGUMENT, "INVALID_FIELD", `module: ${description}`, {
    violations: [{ field: "module", description }],
  });
}

export function serviceError(status: RpcStatus): ServerErrorResponse {
  return toServiceError(new StatusError(status));
}
