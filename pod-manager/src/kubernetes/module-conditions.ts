import { type RpcStatus, reasonOf } from "@podule/grpc";
import { type Module, Module_State as State } from "@podule/proto/podule/v1/modules.ts";

export interface Condition {
  readonly type: "Ready" | "EnvironmentResolved" | "PodsAvailable";
  readonly status: "True" | "False" | "Unknown";
  /** CamelCase, for programs. */
  readonly reason: string;
  /** For people. */
  readonly message: string;
  readonly observedGeneration: number;
  readonly lastTransitionTime: string;
}

type Judged = Pick<Condition, "type" | "status" | "reason" | "message">;

const MAX_MESSAGE = 1000;

/** What a module's status says, as Kubernetes' own tools read it (`kubectl wait --for=condition=Ready`). */
export function conditionsOf(
  module: Module,
  options: {
    readonly observedGeneration: number;
    /** Their last transitions until now, by "TYPE STATUS". */
    readonly times: ReadonlyMap<string, string>;
    readonly now: Date;
  },
): readonly Condition[] {
  const { observedGeneration, times, now } = options;
  return [ready(module), environmentResolved(module), podsAvailable(module)].map((judged) => ({
    ...judged,
    message: judged.message.slice(0, MAX_MESSAGE),
    observedGeneration,
    lastTransitionTime: times.get(`${judged.type} ${judged.status}`) ?? now.toISOString(),
  }));
}

const STATES: Readonly<Partial<Record<State, string>>> = {
  [State.RESOLVING]: "Resolving",
  [State.INSTALLING]: "Installing",
  [State.STARTING]: "Starting",
  [State.READY]: "Ready",
  [State.DRAINING]: "Draining",
  [State.FAILED]: "Failed",
};

function ready({ status }: Module): Judged {
  const state = status?.state ?? State.STATE_UNSPECIFIED;
  const words = status?.transitions.at(-1)?.message ?? "";
  if (state === State.READY) {
    const idle = (status?.pods.length ?? 0) === 0;
    return { type: "Ready", status: "True", reason: idle ? "Idle" : "Ready", message: words };
  }
  const error = status?.error;
  return {
    type: "Ready",
    status: "False",
    reason: error === undefined ? (STATES[state] ?? "Unknown") : wordOf(error),
    message: error?.message ?? words,
  };
}

function environmentResolved({ status }: Module): Judged {
  const type = "EnvironmentResolved";
  const state = status?.state;
  if (state === State.RESOLVING) return { type, status: "Unknown", reason: "Resolving", message: "" };
  const message = status?.environment ?? "";
  if (message !== "") return { type, status: "True", reason: "Resolved", message };
  const error = status?.error;
  if (error === undefined) return { type, status: "Unknown", reason: "Pending", message: "" };
  return { type, status: "False", reason: wordOf(error), message: error.message };
}

function podsAvailable({ status }: Module): Judged {
  const type = "PodsAvailable";
  const pods = status?.pods.length ?? 0;
  const wanted = status?.scaling?.wantedPods ?? 0;
  if (status?.state === State.READY && pods > 0)
    return { type, status: "True", reason: "Available", message: `${pods} of ${wanted} pods` };
  if (status?.state === State.READY)
    return { type, status: "False", reason: "ScaledToZero", message: "The next call starts a pod" };
  const message = status?.error?.message ?? `${pods} of ${wanted} pods`;
  return { type, status: "False", reason: "NotReady", message };
}

/** "DEPENDENCY_NOT_FOUND" → "DependencyNotFound". */
function wordOf(error: RpcStatus): string {
  const words = (reasonOf(error) ?? "Failed").toLowerCase().split("_").filter(Boolean);
  return words.map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join("") || "Failed";
}
