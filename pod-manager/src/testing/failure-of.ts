import { ErrorInfo, QuotaFailure, RetryInfo } from "@podule/proto/google/rpc/error_details.ts";
import { Status as RpcStatus } from "@podule/proto/google/rpc/status.ts";
import { type CallOptions, ClientError, type Metadata, Status } from "nice-grpc";

/** What a call that must fail failed with. */
export async function failureOf(call: (options: CallOptions) => Promise<unknown>) {
  let trailer: Metadata | undefined;
  try {
    await call({ onTrailer: (received) => (trailer = received) });
  } catch (error) {
    if (!(error instanceof ClientError)) throw error;
    const bytes = trailer?.get("grpc-status-details-bin");
    const details = bytes === undefined ? [] : RpcStatus.decode(bytes).details;
    const detail = <T>(type: { decode(bytes: Uint8Array): T }, name: string) => {
      const found = details.find(({ typeUrl }) => typeUrl === `type.googleapis.com/google.rpc.${name}`);
      return found === undefined ? undefined : type.decode(found.value);
    };
    const info = detail(ErrorInfo, "ErrorInfo");
    const delay = detail(RetryInfo, "RetryInfo")?.retryDelay;
    return {
      code: Status[error.code],
      reason: info?.reason,
      metadata: Object.fromEntries(info?.metadata ?? []),
      retryMs: delay === undefined ? undefined : Number(delay.seconds) * 1000 + delay.nanos / 1e6,
      quota: detail(QuotaFailure, "QuotaFailure")?.violations.map(({ subject, description }) => ({
        subject,
        description,
      })),
    };
  }
  throw new Error("The call did not fail");
}
