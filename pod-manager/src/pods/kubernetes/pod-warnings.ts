import { isRecord } from "../../environments/json.ts";
import type { KubernetesClient } from "../../kubernetes/client.ts";
import { type KubernetesObject, readMeta } from "../../kubernetes/objects.ts";
import { createReflector, type Reflector } from "../../kubernetes/reflector.ts";
import type { PodWarning } from "./pod-problem.ts";

export interface PodWarningObject extends KubernetesObject, PodWarning {
  readonly podUid: string;
}

/** Follows what the cluster's parts warn of about Pods of the namespace. */
export function watchPodWarnings(options: {
  readonly client: KubernetesClient;
  /** Of the events. */
  readonly path: string;
  readonly onWarning: (warning: PodWarningObject) => void;
}): Reflector<PodWarningObject> {
  return createReflector<PodWarningObject>({
    client: options.client,
    path: options.path,
    fieldSelector: "type=Warning,involvedObject.kind=Pod",
    read: readPodWarning,
    onAdd: options.onWarning,
    onUpdate: options.onWarning,
  });
}

export function readPodWarning(json: unknown): PodWarningObject | undefined {
  const metadata = readMeta(json);
  if (metadata === undefined || !isRecord(json)) return undefined;
  const { involvedObject, reason, message } = json;
  const uid = isRecord(involvedObject) ? involvedObject["uid"] : undefined;
  return {
    metadata: { ...metadata, labels: {}, annotations: {} },
    podUid: typeof uid === "string" ? uid : "",
    reason: typeof reason === "string" ? reason : "",
    message: typeof message === "string" ? message.slice(0, 4000) : "",
  };
}
