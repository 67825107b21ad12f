import { rpcStatus, type StatusError, statusError } from "@podule/grpc";
import { Status } from "nice-grpc-common";
import { statusBytes } from "../status-bytes.ts";

/** Calls of one session that may be in flight. */
export const MAX_IN_FLIGHT = 1024;
const RETRY_MS = 100;

export const EXPIRED = rpcStatus(
  Status.ABORTED,
  "SESSION_LOST",
  "The session was not used for its grace time",
);

export const POD_STOPPED = rpcStatus(
  Status.ABORTED,
  "SESSION_LOST",
  "The session is lost with its objects: the pod has ended",
  { metadata: { cause: "The pod has ended" } },
);

export const SLOW_READER = rpcStatus(
  Status.RESOURCE_EXHAUSTED,
  "SLOW_READER",
  `The client makes calls and does not take their answers: more than ${2 * MAX_IN_FLIGHT} wait for it`,
);

export const TOO_MANY_CALLS = statusBytes(
  Status.RESOURCE_EXHAUSTED,
  "TOO_MANY_CALLS",
  `${MAX_IN_FLIGHT} calls of the session are in flight already`,
  { retryAfterMs: RETRY_MS },
);

export const BODY_EXPIRED = statusBytes(
  Status.ABORTED,
  "BODY_EXPIRED",
  "The chunks of the call's body stopped coming before it was complete, and were dropped; the call did not run",
);

export function moved(): StatusError {
  return statusError(Status.ABORTED, "SESSION_MOVED", "The session goes on on a newer stream of its client");
}

export function sessionLost(): StatusError {
  return statusError(
    Status.NOT_FOUND,
    "SESSION_LOST",
    "There is no such session: it ended, its time ran out, or its worker died",
  );
}

export function violation(message: string): StatusError {
  return statusError(Status.INVALID_ARGUMENT, "PROTOCOL_VIOLATION", message);
}
