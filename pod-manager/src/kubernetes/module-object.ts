import { createHash } from "node:crypto";
import type { JsonValue } from "@bufbuild/protobuf";
import { statusError, toStatus } from "@podule/grpc";
import {
  type Module,
  Module as ModuleMessage,
  type ModuleSpec,
  ModuleStatus,
  Module_State as State,
} from "@podule/proto/podule/v1/modules.ts";
import { Status } from "nice-grpc";
import { isRecord } from "../environments/json.ts";
import { moduleName } from "../modules/module-id.ts";
import { emptySpec } from "../modules/module-spec.ts";
import { timestampOf, withStatus } from "../modules/module-status.ts";
import { specFromJson, specToJson, statusFromJson } from "./message-json.ts";
import { idOfObjectName } from "./module-names.ts";
import { type KubernetesObject, readMeta } from "./objects.ts";

/** Keeps a Module that is deleted until its pods have drained. */
export const FINALIZER = "podule.dev/drain";

/** The generation that pods are made for, and a digest of what they are made from. */
export interface Revision {
  readonly generation: bigint;
  readonly digest: string;
}

/** A `Module` of the Kubernetes API. */
export interface ModuleObject extends KubernetesObject {
  /** Undefined where the object's name is that of no module. */
  readonly id: string | undefined;
  readonly module: Module;
  readonly revision: Revision;
  readonly refresh: string;
  /** Its status is about this revision and no older state of the object. */
  readonly notesRevision: boolean;
  /** The last transition times of its conditions, by type and status. */
  readonly conditionTimes: ReadonlyMap<string, string>;
}

/** Undefined for what is no object at all; a spec that cannot be read is one that has failed. */
export function readModuleObject(json: unknown): ModuleObject | undefined {
  const metadata = readMeta(json);
  if (metadata === undefined || !isRecord(json)) return undefined;
  const { spec: rawSpec, status: rawStatus } = json;
  const { spec, problem } = readSpec(rawSpec);
  const refresh = isRecord(rawSpec) && typeof rawSpec["refresh"] === "string" ? rawSpec["refresh"] : "";
  const generation = BigInt(metadata.generation ?? 1);
  const digest = digestOf(spec, refresh);
  const noted = readRevision(rawStatus);
  const revision = noted?.digest === digest ? noted : { generation, digest };
  const created = new Date(metadata.creationTimestamp ?? 0);
  const id = idOfObjectName(metadata.name);
  const status = readStatus(rawStatus);
  const observedGeneration = noted?.digest === digest ? revision.generation : (noted?.generation ?? 0n);
  const base = ModuleMessage.create({
    name: moduleName(id ?? metadata.name),
    spec,
    uid: metadata.uid,
    etag: createHash("sha256").update(`${metadata.uid} ${generation}`).digest("base64url").slice(0, 16),
    generation: revision.generation,
    createTime: timestampOf(created),
    updateTime: timestampOf(created),
    status: { ...status, observedGeneration },
  });
  return {
    metadata,
    id,
    module: withCircumstances(base, metadata.deletionTimestamp, problem),
    revision,
    refresh,
    notesRevision:
      noted?.digest === digest &&
      isRecord(rawStatus) &&
      rawStatus["observedGeneration"] === Number(generation),
    conditionTimes: readConditionTimes(rawStatus),
  };
}

/** A spec as the object has it; throws where it cannot be one there. */
export function specOfObject(spec: ModuleSpec, refresh: string): JsonValue {
  if (spec.path !== "")
    throw statusError(
      Status.INVALID_ARGUMENT,
      "INVALID_FIELD",
      "module.spec.path: has no meaning on Kubernetes",
      {
        violations: [{ field: "module.spec.path", description: "has no meaning on Kubernetes" }],
      },
    );
  const json = specToJson(spec);
  return { ...(isObject(json) ? json : {}), ...(refresh === "" ? {} : { refresh }) };
}

/** What pods are made from leaves these out. */
const UNKNOWN_TO_PODS: ReadonlySet<string> = new Set(["scaling", "quotas"]);

/** Of what pods are made from. */
export function digestOf(spec: ModuleSpec, refresh: string): string {
  const json = specOfObject(spec, refresh);
  const pods = isObject(json) ? Object.entries(json).filter(([field]) => !UNKNOWN_TO_PODS.has(field)) : [];
  return createHash("sha256").update(JSON.stringify(pods)).digest("hex").slice(0, 16);
}

function readSpec(raw: unknown): { readonly spec: ModuleSpec; readonly problem?: string } {
  if (raw === undefined || raw === null) return { spec: emptySpec() };
  if (!isJson(raw)) return { spec: emptySpec(), problem: "spec is no JSON" };
  try {
    return { spec: { ...specFromJson(raw), path: "" } };
  } catch (error) {
    return { spec: emptySpec(), problem: toStatus(error).message };
  }
}

function readStatus(raw: unknown): ModuleStatus {
  const read = isJson(raw) ? statusFromJson(raw) : undefined;
  return read ?? ModuleStatus.create({ state: State.RESOLVING });
}

function withCircumstances(module: Module, deleted: string | undefined, problem: string | undefined): Module {
  if (deleted !== undefined)
    return withStatus(module, { state: State.DRAINING, message: "Deleted" }, new Date(deleted));
  if (problem === undefined) return module;
  const error = statusError(Status.INVALID_ARGUMENT, "INVALID_FIELD", `spec: ${problem}`).status;
  const { generation: observedGeneration } = module;
  return withStatus(module, { state: State.FAILED, error, observedGeneration }, new Date(0));
}

function readRevision(status: unknown): Revision | undefined {
  const raw = isRecord(status) ? status["revision"] : undefined;
  if (!isRecord(raw)) return undefined;
  const { generation, digest } = raw;
  if (typeof generation !== "number" || !Number.isSafeInteger(generation)) return undefined;
  return typeof digest === "string" ? { generation: BigInt(generation), digest } : undefined;
}

function readConditionTimes(status: unknown): ReadonlyMap<string, string> {
  const conditions = isRecord(status) ? status["conditions"] : undefined;
  const times = new Map<string, string>();
  for (const one of Array.isArray(conditions) ? conditions : []) {
    if (!isRecord(one)) continue;
    const { type, status, lastTransitionTime } = one;
    if (typeof lastTransitionTime === "string") times.set(`${type} ${status}`, lastTransitionTime);
  }
  return times;
}

function isObject(json: JsonValue): json is { [key: string]: JsonValue } {
  return typeof json === "object" && json !== null && !Array.isArray(json);
}

function isJson(value: unknown): value is JsonValue {
  switch (typeof value) {
    case "string":
    case "number":
    case "boolean":
      return true;
    case "object":
      if (value === null) return true;
      return Object.values(value).every(isJson);
    default:
      return false;
  }
}
