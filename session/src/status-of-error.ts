import type { ServiceError } from "@grpc/grpc-js";
import { type RpcStatus, rpcStatus } from "@podule/grpc";
import { Status as RpcStatusMessage } from "@podule/proto/google/rpc/status.ts";

const DETAILS = "grpc-status-details-bin";

/** The google.rpc.Status of a failed grpc-js call; where the peer sent none, one with `reason`. */
export function statusOfError(error: ServiceError, reason: string): RpcStatus {
  const details = error.metadata.get(DETAILS)[0];
  if (Buffer.isBuffer(details)) {
    const status = decodeStatus(details);
    if (status !== undefined) return status;
  }
  return rpcStatus(error.code, reason, error.details);
}

/** Undefined where the bytes are no google.rpc.Status. */
export function decodeStatus(bytes: Buffer): RpcStatus | undefined {
  try {
    return RpcStatusMessage.decode(bytes);
  } catch {
    return undefined;
  }
}
