import { Status } from "@podule/proto/google/rpc/status.ts";
import { errorOfStatus, type PoduleError } from "./podule.ts";

/** The error that a message of the API holds. */
export function errorOfStatusMessage(status: Status): PoduleError {
  return errorOfStatus(Status.encode(status).finish());
}
