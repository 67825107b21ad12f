import type { RpcStatus } from "@podule/grpc";
import { Any } from "@podule/proto/google/protobuf/any.ts";
import { RetryInfo } from "@podule/proto/google/rpc/error_details.ts";
import { Module_State } from "@podule/proto/podule/v1/modules.ts";
import { type Pod, Pod_State } from "@podule/proto/podule/v1/pods.ts";
import type { StatusChange } from "./module-status.ts";
import type { Step } from "./next-step.ts";
import type { Failure, Progress } from "./progress.ts";

const RETRY_INFO = "type.googleapis.com/google.rpc.RetryInfo";

/** The status that a step gives. The same step of the same progress gives the same status, whenever it is asked. */
export function describeStep(
  step: Step,
  progress: Pick<Progress, "failure" | "failures" | "wasPrepared" | "preparing">,
  state: Module_State | undefined,
): StatusChange {
  switch (step.phase) {
    case "ready":
      return { state: Module_State.READY };
    case "idle":
      return { state: Module_State.READY, message: "Idle: scaled to zero" };
    case "draining":
      return { state: Module_State.DRAINING };
    case "starting":
      return { state: Module_State.STARTING };
    case "preparing":
      return { state: preparingState(progress, state) };
    case "failed":
      return progress.failure === undefined
        ? { state: Module_State.FAILED }
        : failed(progress.failure, progress.failures);
  }
}

/** Where no pod is ready because one that is to start cannot, for now: why, as a failure that may pass. */
export function describeStuck(step: Step, pods: readonly Pod[]): StatusChange | undefined {
  if (step.phase !== "starting") return undefined;
  const stuck = pods.find(({ state, error }) => state === Pod_State.STARTING && error !== undefined);
  if (stuck?.error === undefined) return undefined;
  const [message = ""] = stuck.error.message.split("\n");
  return { state: Module_State.FAILED, error: stuck.error, message };
}

function preparingState(
  progress: Pick<Progress, "wasPrepared" | "preparing">,
  state: Module_State | undefined,
): Module_State {
  const shows = state === Module_State.RESOLVING || state === Module_State.INSTALLING;
  if (progress.preparing && shows) return state;
  return progress.wasPrepared ? Module_State.STARTING : Module_State.RESOLVING;
}

function failed({ status, at, retryAt }: Failure, failures: number): StatusChange {
  const [firstLine = ""] = status.message.split("\n");
  if (retryAt === undefined) return { state: Module_State.FAILED, error: status, message: firstLine };
  const wait = retryAt - at;
  return {
    state: Module_State.FAILED,
    error: withRetryInfo(status, wait),
    message: `Failure ${failures}, tried again after ${wait / 1000} s: ${firstLine}`,
  };
}

function withRetryInfo(status: RpcStatus, ms: number): RpcStatus {
  if (status.details.some(({ typeUrl }) => typeUrl === RETRY_INFO)) return status;
  const retryDelay = { seconds: BigInt(Math.floor(ms / 1000)), nanos: (ms % 1000) * 1_000_000 };
  const value = Buffer.from(RetryInfo.encode({ retryDelay }).finish());
  return { ...status, details: [...status.details, Any.create({ typeUrl: RETRY_INFO, value })] };
}
