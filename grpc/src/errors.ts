import { Any } from "@podule/proto/google/protobuf/any.ts";
import {
  BadRequest,
  DebugInfo,
  ErrorInfo,
  QuotaFailure,
  RetryInfo,
} from "@podule/proto/google/rpc/error_details.ts";
import type { Status as RpcStatus } from "@podule/proto/google/rpc/status.ts";
import { ClientError, ServerError, Status } from "nice-grpc-common";

export type { RpcStatus };

const DOMAIN = "podule.dev";

export interface ErrorDetails {
  /** ErrorInfo.metadata: short facts (module, pod, python_type). */
  readonly metadata?: Readonly<Record<string, string>>;
  /** RetryInfo: waiting that long helps. */
  readonly retryAfterMs?: number;
  /** BadRequest: what is wrong with which field. */
  readonly violations?: readonly { readonly field: string; readonly description: string }[];
  /** QuotaFailure: whose quota, and the limit with the use in words. */
  readonly quota?: { readonly subject: string; readonly description: string };
  /** DebugInfo: a remote traceback, a tool's output. */
  readonly debug?: string;
}

/** An error whose google.rpc.Status the client sees. Made by `statusError`. */
export class StatusError extends ServerError {
  readonly status: RpcStatus;
  constructor(status: RpcStatus) {
    super(status.code, status.message);
    this.name = "StatusError";
    this.status = status;
  }
}

/** A google.rpc.Status with an ErrorInfo of our domain, and what else `details` gives. */
export function rpcStatus(
  code: Status,
  reason: string,
  message: string,
  details: ErrorDetails = {},
): RpcStatus {
  const any: Any[] = [
    pack(
      "google.rpc.ErrorInfo",
      ErrorInfo.encode({
        reason,
        domain: DOMAIN,
        metadata: new Map(Object.entries(details.metadata ?? {})),
      }).finish(),
    ),
  ];
  if (details.retryAfterMs !== undefined) {
    const ms = Math.max(0, Math.ceil(details.retryAfterMs));
    const retryDelay = { seconds: BigInt(Math.floor(ms / 1000)), nanos: (ms % 1000) * 1_000_000 };
    any.push(pack("google.rpc.RetryInfo", RetryInfo.encode({ retryDelay }).finish()));
  }
  if (details.violations !== undefined) {
    const fieldViolations = details.violations.map((v) => ({
      field: v.field,
      description: v.description,
      reason: "",
      localizedMessage: undefined,
    }));
    any.push(pack("google.rpc.BadRequest", BadRequest.encode({ fieldViolations }).finish()));
  }
  if (details.quota !== undefined)
    any.push(pack("google.rpc.QuotaFailure", QuotaFailure.encode({ violations: [details.quota] }).finish()));
  if (details.debug !== undefined) {
    any.push(
      pack("google.rpc.DebugInfo", DebugInfo.encode({ stackEntries: [], detail: details.debug }).finish()),
    );
  }
  return { code, message, details: any };
}

export function statusError(
  code: Status,
  reason: string,
  message: string,
  details: ErrorDetails = {},
): StatusError {
  return new StatusError(rpcStatus(code, reason, message, details));
}

/** The one door by which anything thrown becomes a google.rpc.Status. */
export function toStatus(error: unknown): RpcStatus {
  if (error instanceof StatusError) return error.status;
  if (error instanceof ServerError) return { code: error.code, message: error.details, details: [] };
  if (error instanceof ClientError) return { code: error.code, message: error.details, details: [] };
  if (error instanceof Error && error.name === "AbortError")
    return rpcStatus(Status.CANCELLED, "CANCELLED", "The call was cancelled");
  return rpcStatus(Status.INTERNAL, "INTERNAL", error instanceof Error ? error.message : String(error));
}

/** The ErrorInfo.reason of a status; undefined where it has none. */
export function reasonOf(status: RpcStatus): string | undefined {
  const info = status.details.find((d) => d.typeUrl === "type.googleapis.com/google.rpc.ErrorInfo");
  return info === undefined ? undefined : ErrorInfo.decode(info.value).reason;
}

function pack(type: string, value: Uint8Array): Any {
  return Any.create({ typeUrl: `type.googleapis.com/${type}`, value: Buffer.from(value) });
}
