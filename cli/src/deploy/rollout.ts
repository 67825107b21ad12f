import { type KubeObject, listAt, numberAt, textAt } from "./kube-object.ts";

export interface Progress {
  /** `stuck`: it does not look as if it came by itself. */
  readonly state: "done" | "waiting" | "stuck";
  readonly words: string;
  readonly available: number;
}

/** How far a Deployment is. Pods are all those of its selector. */
export function progressOf(deployment: KubeObject, pods: readonly KubeObject[]): Progress {
  const wanted = numberAt(deployment, "spec", "replicas");
  const updated = numberAt(deployment, "status", "updatedReplicas");
  const total = numberAt(deployment, "status", "replicas");
  const available = numberAt(deployment, "status", "availableReplicas");
  const seen =
    numberAt(deployment, "status", "observedGeneration") >= numberAt(deployment, "metadata", "generation");
  if (seen && updated === wanted && total === updated && available === updated) {
    return { state: "done", words: `${available} ready`, available };
  }
  const trouble = pods.map(troubleOf).find((words) => words !== undefined);
  const counts = `${available} of ${wanted} ready`;
  if (trouble !== undefined) return { state: "stuck", words: trouble, available };
  const going = total - updated;
  return { state: "waiting", words: going > 0 ? `${counts}, ${going} old to go` : counts, available };
}

const STUCK = [
  "ErrImageNeverPull",
  "ImagePullBackOff",
  "InvalidImageName",
  "CrashLoopBackOff",
  "CreateContainerConfigError",
  "CreateContainerError",
  "RunContainerError",
];

/** Why a pod does not get ready, where its state says so. */
function troubleOf(pod: KubeObject): string | undefined {
  const containers = [
    ...listAt(pod, "status", "initContainerStatuses"),
    ...listAt(pod, "status", "containerStatuses"),
  ];
  for (const container of containers) {
    const reason = textAt(container, "state", "waiting", "reason");
    if (!STUCK.includes(reason)) continue;
    const last = textAt(container, "lastState", "terminated", "message").trim();
    const message = last || textAt(container, "state", "waiting", "message");
    return `pod ${pod.metadata.name}: ${reason}: ${message}`;
  }
  const scheduled = listAt(pod, "status", "conditions").find(
    (condition) => textAt(condition, "type") === "PodScheduled" && textAt(condition, "status") === "False",
  );
  if (scheduled === undefined) return undefined;
  return `pod ${pod.metadata.name}: ${textAt(scheduled, "reason")}: ${textAt(scheduled, "message")}`;
}
