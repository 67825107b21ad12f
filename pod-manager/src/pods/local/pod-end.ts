import { type RpcStatus, rpcStatus } from "@podule/grpc";
import { Status as RpcStatusMessage } from "@podule/proto/google/rpc/status.ts";
import { Pod_State } from "@podule/proto/podule/v1/pods.ts";
import { Status } from "nice-grpc-common";

export interface PodEnd {
  readonly name: string;
  readonly moduleId: string;
  /** It had been READY. */
  readonly wasReady: boolean;
  /** Someone here asked for the end; `cause` is why, where that was a failure. */
  readonly asked: boolean;
  readonly cause?: RpcStatus | undefined;
  readonly code: number | null;
  readonly signal: string | null;
  /** What the pod wrote to its termination message file. */
  readonly terminationMessage: string;
  /** The last lines of its stderr. */
  readonly lastErrors: string;
}

export interface PodOutcome {
  readonly state: Pod_State;
  readonly error: RpcStatus | undefined;
}

/** What an end means. */
export function outcomeOf(end: PodEnd): PodOutcome {
  if (end.asked) {
    if (end.cause === undefined) return { state: Pod_State.SUCCEEDED, error: undefined };
    return { state: Pod_State.FAILED, error: end.cause };
  }
  const message = parseTerminationMessage(end.terminationMessage);
  if (message !== undefined) return { state: Pod_State.FAILED, error: message };
  if (end.code === 0 && end.wasReady) return { state: Pod_State.SUCCEEDED, error: undefined };
  const how = end.signal === null ? `exited with code ${end.code}` : `was ended by ${end.signal}`;
  const last = end.lastErrors === "" ? "" : `: ${end.lastErrors.split("\n").at(-1)}`;
  const error = rpcStatus(
    end.wasReady ? Status.UNAVAILABLE : Status.FAILED_PRECONDITION,
    end.wasReady ? "POD_DIED" : "POD_NOT_STARTED",
    `The pod ${end.name} of ${end.moduleId} ${how}${end.wasReady ? "" : " before it was ready"}${last}`,
    {
      metadata: { module: end.moduleId, pod: end.name },
      ...(end.lastErrors === "" ? {} : { debug: end.lastErrors }),
    },
  );
  return { state: Pod_State.FAILED, error };
}

/** A google.rpc.Status in JSON; undefined where it is none, or says OK. */
export function parseTerminationMessage(text: string): RpcStatus | undefined {
  if (text.trim() === "") return undefined;
  try {
    const status = RpcStatusMessage.fromJSON(JSON.parse(text));
    return Number.isInteger(status.code) && status.code >= 1 && status.code <= 16 ? status : undefined;
  } catch {
    return undefined;
  }
}
