import type { RpcStatus } from "@podule/grpc";
import { ErrorInfo } from "@podule/proto/google/rpc/error_details.ts";

const ERROR_INFO = "type.googleapis.com/google.rpc.ErrorInfo";

/** The status with the ids in its ErrorInfo by which `podule explain` finds the call; as it is where it has them already, or no ErrorInfo. */
export function withCallId(status: RpcStatus, callId: string, traceId: string): RpcStatus {
  const at = status.details.findIndex(({ typeUrl }) => typeUrl === ERROR_INFO);
  const detail = status.details[at];
  if (detail === undefined) return status;
  const info = ErrorInfo.decode(detail.value);
  if (info.metadata.has("call_id")) return status;
  const metadata = new Map(info.metadata).set("call_id", callId).set("trace_id", traceId);
  const value = Buffer.from(ErrorInfo.encode({ ...info, metadata }).finish());
  return { ...status, details: status.details.with(at, { ...detail, value }) };
}

/** What `withCallId` has put in; undefined: nothing. */
export function callIdOf(status: RpcStatus): { callId: string; traceId: string } | undefined {
  const detail = status.details.find(({ typeUrl }) => typeUrl === ERROR_INFO);
  if (detail === undefined) return undefined;
  const { metadata } = ErrorInfo.decode(detail.value);
  const callId = metadata.get("call_id");
  const traceId = metadata.get("trace_id");
  return callId === undefined || traceId === undefined ? undefined : { callId, traceId };
}
