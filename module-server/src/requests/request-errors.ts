import { type StatusError, statusError } from "@podule/grpc";
import { Status } from "nice-grpc-common";
import { statusBytes } from "../status-bytes.ts";

export const LONGEST_REQUEST_ID = 128;

export const ANSWER_DROPPED = statusBytes(
  Status.ABORTED,
  "ANSWER_DROPPED",
  "The call of this request_id has run; its answer was dropped, because answers took too much memory",
);

export function unknown(id: string) {
  return statusError(
    Status.NOT_FOUND,
    "REQUEST_UNKNOWN",
    "No call of this request_id is known here, so `retry` has nothing to wait for; without it the call is run",
    { metadata: { request_id: id } },
  );
}

export function reused(id: string, name: string) {
  return statusError(
    Status.INVALID_ARGUMENT,
    "REQUEST_ID_REUSED",
    `The request_id belongs to a call of ${name === "" ? "another function" : `"${name}"`}: each call needs one of its own`,
    { metadata: { request_id: id } },
  );
}

export function tooLong(id: string) {
  const description = `has ${id.length} characters; at most ${LONGEST_REQUEST_ID} are allowed`;
  return statusError(Status.INVALID_ARGUMENT, "INVALID_FIELD", `request_id: ${description}`, {
    violations: [{ field: "request_id", description }],
  });
}

export function noStream(): StatusError {
  const description = "a streamed call has no answer that could be kept";
  return statusError(Status.INVALID_ARGUMENT, "INVALID_FIELD", `request_id: ${description}`, {
    violations: [{ field: "request_id", description }],
  });
}
