import { isRecord } from "../../environments/json.ts";
import { type KubernetesObject, readMeta } from "../../kubernetes/objects.ts";

export interface ContainerState {
  readonly name: string;
  readonly waiting?: { readonly reason: string; readonly message: string };
  readonly running: boolean;
  readonly terminated?: {
    readonly reason: string;
    readonly message: string;
    readonly exitCode: number;
    readonly signal: number;
    readonly finishedAt: string;
  };
}

export interface PodCondition {
  readonly type: string;
  readonly status: string;
  readonly reason: string;
  readonly message: string;
}

/** What the manager keeps of a Pod: its identity and its status. */
export interface PodObject extends KubernetesObject {
  readonly phase: string;
  /** "Evicted" and the like. */
  readonly reason: string;
  readonly message: string;
  readonly podIP: string;
  readonly nodeName: string;
  readonly conditions: readonly PodCondition[];
  readonly containers: readonly ContainerState[];
}

/** A Pod as the API server sends it; undefined for what is none. */
export function readPodObject(json: unknown): PodObject | undefined {
  const metadata = readMeta(json);
  if (metadata === undefined || !isRecord(json)) return undefined;
  const status = record(json["status"]);
  return {
    metadata,
    phase: text(status["phase"]),
    reason: text(status["reason"]),
    message: text(status["message"]),
    podIP: text(status["podIP"]),
    nodeName: text(record(json["spec"])["nodeName"]),
    conditions: list(status["conditions"]).map(readCondition),
    containers: [...list(status["initContainerStatuses"]), ...list(status["containerStatuses"])].map(
      readContainer,
    ),
  };
}

export function conditionOf(pod: PodObject, type: string): PodCondition | undefined {
  return pod.conditions.find((condition) => condition.type === type);
}

export function containerOf(pod: PodObject, name: string): ContainerState | undefined {
  return pod.containers.find((container) => container.name === name);
}

function readCondition(json: unknown): PodCondition {
  const { type, status, reason, message } = record(json);
  return { type: text(type), status: text(status), reason: text(reason), message: text(message) };
}

function readContainer(json: unknown): ContainerState {
  const { name, state } = record(json);
  const { waiting, running, terminated } = record(state);
  return {
    name: text(name),
    running: isRecord(running),
    ...(isRecord(waiting)
      ? { waiting: { reason: text(waiting["reason"]), message: text(waiting["message"]) } }
      : {}),
    ...(isRecord(terminated)
      ? {
          terminated: {
            reason: text(terminated["reason"]),
            message: text(terminated["message"]),
            exitCode: number(terminated["exitCode"]),
            signal: number(terminated["signal"]),
            finishedAt: text(terminated["finishedAt"]),
          },
        }
      : {}),
  };
}

function record(json: unknown): Readonly<Record<string, unknown>> {
  return isRecord(json) ? json : {};
}

function list(json: unknown): readonly unknown[] {
  return Array.isArray(json) ? json : [];
}

function text(json: unknown): string {
  return typeof json === "string" ? json : "";
}

function number(json: unknown): number {
  return typeof json === "number" ? json : 0;
}
