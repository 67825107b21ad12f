export interface PodJson {
  readonly name?: string;
  readonly uid?: string;
  readonly version?: string;
  readonly deleted?: boolean;
  readonly moduleId?: string;
  readonly generation?: string;
  readonly phase?: string;
  readonly reason?: string;
  readonly message?: string;
  readonly podIP?: string;
  readonly conditions?: readonly object[];
  /** Of the container `module`: what `state` holds. */
  readonly module?: object;
  readonly environment?: object;
}

/** A Pod as the API server sends it. */
export function podJson(pod: PodJson = {}): object {
  const { name = "numpy-1-1", uid = "u1", version = "1", moduleId = "numpy", generation = "1" } = pod;
  const container = (container: string, state: object | undefined) =>
    state === undefined ? [] : [{ name: container, state }];
  return {
    metadata: {
      name,
      uid,
      resourceVersion: version,
      creationTimestamp: "2026-11-25T00:00:00Z",
      ...(pod.deleted === true ? { deletionTimestamp: "2026-11-25T00:01:00Z" } : {}),
      labels: {},
      annotations: { "podule.dev/module-id": moduleId, "podule.dev/generation": generation },
    },
    spec: { nodeName: "node1" },
    status: {
      phase: pod.phase ?? "Pending",
      reason: pod.reason,
      message: pod.message,
      podIP: pod.podIP,
      conditions: pod.conditions,
      containerStatuses: [...container("module", pod.module), ...container("environment", pod.environment)],
    },
  };
}
