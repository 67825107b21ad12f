import { Metadata, type ServiceError } from "@grpc/grpc-js";
import { Status as StatusMessage } from "@podule/proto/google/rpc/status.ts";
import { toStatus } from "./errors.ts";
import { fitStatus } from "./fit-status.ts";

const DETAILS_KEY = "grpc-status-details-bin";

/** An error as grpc-js's handlers send it, with its google.rpc.Status in the trailer. */
export function toServiceError(error: unknown, trailer: Metadata = new Metadata()): ServiceError {
  const status = fitStatus(toStatus(error));
  const metadata = trailer.clone();
  if (status.details.length > 0) {
    metadata.set(DETAILS_KEY, Buffer.from(StatusMessage.encode(status).finish()));
  }
  return Object.assign(new Error(status.message), {
    code: status.code,
    details: status.message,
    metadata,
  });
}
