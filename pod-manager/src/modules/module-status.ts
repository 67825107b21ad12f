import { isDeepStrictEqual } from "node:util";
import type { RpcStatus } from "@podule/grpc";
import type { Duration } from "@podule/proto/google/protobuf/duration.ts";
import type { Timestamp } from "@podule/proto/google/protobuf/timestamp.ts";
import {
  type Module,
  type Module_State,
  ModuleStatus,
  type ScalingStatus,
} from "@podule/proto/podule/v1/modules.ts";

const MAX_TRANSITIONS = 32;
const MAX_MESSAGE = 500;

export interface StatusChange {
  readonly state: Module_State;
  /** For people; a new one in the same state is a transition too. */
  readonly message?: string;
  readonly error?: RpcStatus;
  readonly environment?: string;
  readonly pythonVersion?: string;
  readonly pods?: readonly string[];
  readonly observedGeneration?: bigint;
  readonly scaling?: ScalingStatus;
  readonly startTimes?: readonly Duration[];
}

/** The module with that status; the same object where nothing changes. */
export function withStatus(module: Module, change: StatusChange, now: Date): Module {
  const before = module.status ?? ModuleStatus.create();
  const message = (change.message ?? "").slice(0, MAX_MESSAGE);
  const last = before.transitions.at(-1);
  const moved = change.state !== before.state || (message !== "" && message !== last?.message);
  const transition = { state: change.state, time: timestampOf(now), message };
  const status: ModuleStatus = {
    ...before,
    state: change.state,
    transitions: moved ? [...before.transitions, transition].slice(-MAX_TRANSITIONS) : before.transitions,
    error: change.error,
    environment: change.environment ?? before.environment,
    pythonVersion: change.pythonVersion ?? before.pythonVersion,
    pods: [...(change.pods ?? before.pods)],
    scaling: change.scaling ?? before.scaling,
    startTimes: [...(change.startTimes ?? before.startTimes)],
    observedGeneration: change.observedGeneration ?? before.observedGeneration,
  };
  return isDeepStrictEqual(status, before) ? module : { ...module, status };
}

export function timestampOf(date: Date): Timestamp {
  const ms = date.getTime();
  return { seconds: BigInt(Math.floor(ms / 1000)), nanos: (ms % 1000) * 1_000_000 };
}

export function millisecondsOf(time: Timestamp | undefined): number | undefined {
  return time === undefined ? undefined : Number(time.seconds) * 1000 + time.nanos / 1_000_000;
}
