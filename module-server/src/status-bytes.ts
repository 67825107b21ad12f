import { type ErrorDetails, type RpcStatus, rpcStatus } from "@podule/grpc";
import { Status as RpcStatusMessage } from "@podule/proto/google/rpc/status.ts";
import type { Status } from "nice-grpc-common";

/** A google.rpc.Status as it travels in a frame. */
export function encodeStatus(status: RpcStatus): Buffer {
  return Buffer.from(RpcStatusMessage.encode(status).finish());
}

export function statusBytes(code: Status, reason: string, message: string, details?: ErrorDetails): Buffer {
  return encodeStatus(rpcStatus(code, reason, message, details));
}
