import { isRecord } from "../environments/json.ts";

export interface OwnerReference {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly uid: string;
  readonly controller?: boolean;
  readonly blockOwnerDeletion?: boolean;
}

export interface ObjectMeta {
  readonly name: string;
  readonly namespace?: string;
  readonly uid: string;
  readonly resourceVersion: string;
  readonly generation?: number;
  readonly creationTimestamp?: string;
  readonly deletionTimestamp?: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly finalizers: readonly string[];
  readonly ownerReferences: readonly OwnerReference[];
}

/** What every object of the Kubernetes API has. */
export interface KubernetesObject {
  readonly metadata: ObjectMeta;
}

/** The metadata of an object as the API server sends it; undefined for what is no object. */
export function readMeta(json: unknown): ObjectMeta | undefined {
  if (!isRecord(json) || !isRecord(json["metadata"])) return undefined;
  const meta = json["metadata"];
  const { name, namespace, uid, resourceVersion, generation, creationTimestamp, deletionTimestamp } = meta;
  if (typeof name !== "string" || typeof uid !== "string" || typeof resourceVersion !== "string")
    return undefined;
  return {
    name,
    uid,
    resourceVersion,
    ...(typeof namespace === "string" ? { namespace } : {}),
    ...(typeof generation === "number" ? { generation } : {}),
    ...(typeof creationTimestamp === "string" ? { creationTimestamp } : {}),
    ...(typeof deletionTimestamp === "string" ? { deletionTimestamp } : {}),
    labels: strings(meta["labels"]),
    annotations: strings(meta["annotations"]),
    finalizers: list(meta["finalizers"]).filter((one) => typeof one === "string"),
    ownerReferences: list(meta["ownerReferences"]).flatMap((one) => readOwner(one) ?? []),
  };
}

function readOwner(json: unknown): OwnerReference | undefined {
  if (!isRecord(json)) return undefined;
  const { apiVersion, kind, name, uid, controller, blockOwnerDeletion } = json;
  if (typeof apiVersion !== "string" || typeof kind !== "string") return undefined;
  if (typeof name !== "string" || typeof uid !== "string") return undefined;
  return {
    apiVersion,
    kind,
    name,
    uid,
    ...(typeof controller === "boolean" ? { controller } : {}),
    ...(typeof blockOwnerDeletion === "boolean" ? { blockOwnerDeletion } : {}),
  };
}

function strings(json: unknown): Readonly<Record<string, string>> {
  if (!isRecord(json)) return {};
  return Object.fromEntries(
    Object.entries(json).filter((entry): entry is [string, string] => typeof entry[1] === "string"),
  );
}

function list(json: unknown): readonly unknown[] {
  return Array.isArray(json) ? json : [];
}
