import type { JsonValue } from "@bufbuild/protobuf";
import type { Module, ModuleSpec } from "@podule/proto/podule/v1/modules.ts";
import { statusToJson } from "./message-json.ts";
import { conditionsOf } from "./module-conditions.ts";
import { labelOf, objectNameOf } from "./module-names.ts";
import { FINALIZER, type ModuleObject, specOfObject } from "./module-object.ts";
import { MODULE_API_VERSION } from "./paths.ts";

const CONDITIONS = 3;

export const MODULE_ID = "podule.dev/module-id";

/** A new Module. */
export function newObject(id: string, namespace: string, spec: ModuleSpec): unknown {
  const name = objectNameOf(id);
  return {
    apiVersion: MODULE_API_VERSION,
    kind: "Module",
    metadata: {
      name,
      namespace,
      finalizers: [FINALIZER],
      ...(name === id ? {} : { annotations: { [MODULE_ID]: id } }),
    },
    spec: specOfObject(spec, ""),
  };
}

/** A JSON patch that gives that very object, as it was read, another spec; else it is refused. */
export function specPatch(object: ModuleObject, spec: ModuleSpec, refresh: string): unknown {
  const { uid, generation } = object.metadata;
  return [
    { op: "test", path: "/metadata/uid", value: uid },
    { op: "test", path: "/metadata/generation", value: generation },
    { op: "add", path: "/spec", value: specOfObject(spec, refresh) },
  ];
}

/** A merge patch of the finalizers, refused where the object is not as it was read. */
export function finalizersPatch({ metadata }: ModuleObject, finalizers: readonly string[]): unknown {
  const { uid, resourceVersion } = metadata;
  return { metadata: { uid, resourceVersion, finalizers } };
}

/** For server-side apply to the status, refused where the object is not as it was read: another leader may have written since. */
export function statusApply(object: ModuleObject, module: Module, now: Date): unknown {
  const { metadata, revision, conditionTimes } = object;
  const { name, namespace, uid, resourceVersion, generation = 1 } = metadata;
  const { observedGeneration: _, ...status } = plainStatus(module);
  return {
    apiVersion: MODULE_API_VERSION,
    kind: "Module",
    metadata: { name, namespace, uid, resourceVersion },
    status: {
      ...status,
      observedGeneration: generation,
      revision: { generation: Number(revision.generation), digest: revision.digest },
      conditions: conditionsOf(module, { observedGeneration: generation, times: conditionTimes, now }),
      replicas: module.status?.pods.length ?? 0,
      ...(object.id === undefined ? {} : { selector: `podule.dev/module=${labelOf(object.id)}` }),
    },
  };
}

/** Whether the object says already what `statusApply` would write. */
export function saysStatus(object: ModuleObject, module: Module): boolean {
  return (
    object.notesRevision &&
    object.conditionTimes.size === CONDITIONS &&
    JSON.stringify(plainStatus(object.module)) === JSON.stringify(plainStatus(module))
  );
}

function plainStatus({ status }: Module): { readonly [key: string]: JsonValue } {
  if (status === undefined) return {};
  const json = write();
  return typeof json === "object" && json !== null && !Array.isArray(json) ? json : {};

  function write(): JsonValue {
    if (status === undefined) return {};
    try {
      return statusToJson(status);
    } catch {
      // An error with details of a type that nobody here knows.
      const { error } = status;
      return statusToJson({ ...status, error: error === undefined ? undefined : { ...error, details: [] } });
    }
  }
}
