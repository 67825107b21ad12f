import { Status } from "nice-grpc-common";

/** "OK", "NOT_FOUND" …: the value of `rpc.response.status_code`. */
export function statusName(code: number): string {
  return Status[code] ?? "UNKNOWN";
}

const SERVER_ERRORS: ReadonlySet<number> = new Set([
  Status.UNKNOWN,
  Status.DEADLINE_EXCEEDED,
  Status.UNIMPLEMENTED,
  Status.INTERNAL,
  Status.UNAVAILABLE,
  Status.DATA_LOSS,
]);

/** Which codes make the span of a server an error, by the semantic conventions of gRPC; the others are the caller's affair. */
export function isServerError(code: number): boolean {
  return SERVER_ERRORS.has(code);
}
