import type { ServiceError } from "@grpc/grpc-js";
import { StatusError, statusError, toServiceError } from "@podule/grpc";
import { decodeStatus } from "@podule/session";
import { Status } from "nice-grpc-common";

/** The error of a gRPC call from a google.rpc.Status in bytes. */
export function serviceErrorOf(bytes: Buffer): ServiceError {
  const status = decodeStatus(bytes);
  return toServiceError(
    status === undefined || status.code === 0
      ? statusError(
          Status.INTERNAL,
          "MALFORMED_MESSAGE",
          "The worker sent an error without a readable status",
        )
      : new StatusError(status),
  );
}
