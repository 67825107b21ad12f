import { Status as StatusMessage } from "@podule/proto/google/rpc/status.ts";
import { ClientError, type Metadata } from "nice-grpc";
import { expect } from "vitest";
import type { RpcStatus } from "../src/index.ts";

/** The google.rpc.Status that a failing call was answered with; without details where it had none. */
export async function statusOf(
  call: (options: { onTrailer: (trailer: Metadata) => void }) => Promise<unknown>,
): Promise<RpcStatus> {
  let packed: Uint8Array | undefined;
  const onTrailer = (trailer: Metadata) => {
    packed = trailer.get("grpc-status-details-bin");
  };
  const error: unknown = await call({ onTrailer }).then(
    () => expect.unreachable("the call succeeded"),
    (reason: unknown) => reason,
  );
  if (!(error instanceof ClientError)) throw error;
  const { code, details: message } = error;
  if (packed === undefined) return { code, message, details: [] };
  const status = StatusMessage.decode(packed);
  expect(status).toMatchObject({ code, message });
  return status;
}
