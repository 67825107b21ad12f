import type { ChannelCredentials } from "@grpc/grpc-js";
import { type RpcStatus, type StatusError, statusError, toStatus } from "@podule/grpc";
import type { Pod } from "@podule/proto/podule/v1/pods.ts";
import { Status } from "nice-grpc-common";
import type { KubernetesClient } from "../../kubernetes/client.ts";
import { labelOf } from "../../kubernetes/module-names.ts";
import { resourcePaths } from "../../kubernetes/paths.ts";
import { createReflector } from "../../kubernetes/reflector.ts";
import type { PodBackend, PodEvent, PodTemplate } from "../pod-backend.ts";
import { KubernetesPod } from "./kubernetes-pod.ts";
import { createModuleServices } from "./module-service.ts";
import { ANNOTATIONS, APP, indexOf, LABELS, podObjectName } from "./names.ts";
import { podLogs } from "./pod-logs.ts";
import { type PodSettings, podManifest } from "./pod-manifest.ts";
import { type PodObject, readPodObject } from "./pod-object.ts";
import { createProblem } from "./pod-problem.ts";
import { watchPodWarnings } from "./pod-warnings.ts";
import { createPodWriter, NameTaken } from "./pod-writer.ts";

const KEPT_ENDED = 32;
/** SIGTERM and SIGKILL follow each other: the kubelet takes no less. */
const AT_ONCE_SECONDS = 1;

export interface KubernetesPodsOptions extends PodSettings {
  readonly client: KubernetesClient;
  readonly namespace: string;
  /** Whether this manager may make Pods. */
  readonly isLeader: () => boolean;
  /** For calls to pods; asked for each new connection. */
  readonly credentials: () => ChannelCredentials;
  /** From the container's start to ready, the environment's installation not counted. */
  readonly startTimeoutMs: number;
  readonly log?: (message: string) => void;
}

export interface KubernetesPods extends PodBackend {
  /** Resolves when all pods that there are are known. */
  start(): Promise<void>;
}

/** Pods as Kubernetes Pods. Each manager follows them all; `isLeader` makes them. They outlive their managers. */
export function createKubernetesPods(options: KubernetesPodsOptions): KubernetesPods {
  const { client, namespace, isLeader, log = console.error } = options;
  const paths = resourcePaths(namespace);
  const closing = new AbortController();
  const writer = createPodWriter({ client, paths, isLeader, signal: closing.signal });
  const services = createModuleServices(client, paths);
  const pods = new Map<string, KubernetesPod>();
  const listeners = new Set<(event: PodEvent) => void>();
  const loadListeners = new Set<(event: { readonly module: string }) => void>();
  const lastIndex = new Map<string, number>();
  const ended: KubernetesPod[] = [];

  const reflector = createReflector<PodObject>({
    client,
    path: paths.pods(),
    labelSelector: `${LABELS.app}=${APP}`,
    read: readPodObject,
    onAdd: observe,
    onUpdate: observe,
    onDelete: ({ metadata }) => pods.get(metadata.name)?.gone(),
    log,
  });
  const warnings = watchPodWarnings({
    client,
    path: paths.events(),
    onWarning: (warning) => {
      for (const pod of pods.values()) if (pod.object?.metadata.uid === warning.podUid) pod.warn(warning);
    },
  });

  function tell(type: PodEvent["type"], pod: KubernetesPod): void {
    for (const listener of [...listeners]) listener({ type, pod: pod.view() });
  }

  function observe(object: PodObject): void {
    const { name, annotations } = object.metadata;
    let pod = pods.get(name);
    if (
      pod?.isEnded === true &&
      pod.object !== undefined &&
      pod.object.metadata.uid !== object.metadata.uid
    ) {
      forget(pod);
      pod = undefined;
    }
    if (pod === undefined) {
      const moduleId = annotations[ANNOTATIONS.moduleId];
      const generation = annotations[ANNOTATIONS.generation];
      if (moduleId === undefined || generation === undefined || !/^[0-9]{1,18}$/.test(generation)) return;
      pod = add(name, moduleId, BigInt(generation));
      pod.observe(object);
    } else pod.observe(object);
  }

  function add(objectName: string, moduleId: string, generation: bigint): KubernetesPod {
    const pod = new KubernetesPod({
      objectName,
      moduleId,
      generation,
      startTimeoutMs: options.startTimeoutMs,
      credentials: options.credentials,
      onChange: (changed) => {
        if (pods.get(objectName) !== changed) return;
        tell("MODIFIED", changed);
        if (changed.isEnded) keep(changed);
      },
      onLoad: () => {
        for (const listener of [...loadListeners]) listener({ module: moduleId });
      },
      onStartTimeout: (late, status) => {
        if (isLeader()) remove(late, status, AT_ONCE_SECONDS).catch((error) => log(toStatus(error).message));
      },
    });
    pods.set(objectName, pod);
    const label = labelOf(moduleId);
    lastIndex.set(label, Math.max(lastIndex.get(label) ?? 0, indexOf(label, objectName)));
    tell("ADDED", pod);
    return pod;
  }

  function forget(pod: KubernetesPod): void {
    pod.close();
    if (pods.get(pod.objectName) !== pod) return;
    pods.delete(pod.objectName);
    tell("DELETED", pod);
  }

  /** What has ended stays known for a while, its object with it where there is an error to look at. */
  function keep(pod: KubernetesPod): void {
    if (ended.includes(pod)) return;
    ended.push(pod);
    // One whose other container goes on would hold its place on the node.
    const isOver = pod.object?.phase === "Failed" || pod.object?.phase === "Succeeded";
    if (pod.view().error === undefined || !isOver) discard(pod);
    while (ended.length > KEPT_ENDED) {
      const oldest = ended.shift();
      if (oldest === undefined) return;
      discard(oldest);
      forget(oldest);
    }
  }

  function discard({ object, objectName }: KubernetesPod): void {
    if (object === undefined || object.metadata.deletionTimestamp !== undefined || !isLeader()) return;
    writer
      .delete(object, undefined)
      .catch((error: unknown) => log(`${objectName} could not be removed: ${toStatus(error).message}`));
  }

  function nextName(moduleId: string, generation: bigint): string {
    const label = labelOf(moduleId);
    const index = (lastIndex.get(label) ?? 0) + 1;
    lastIndex.set(label, index);
    return podObjectName(label, generation, index);
  }

  async function make(pod: KubernetesPod, template: PodTemplate): Promise<void> {
    const { moduleUid = "" } = template;
    try {
      const manifest = podManifest(pod.objectName, template, options);
      const object = await writer.create(
        manifest,
        pod.objectName,
        moduleUid,
        () => pods.get(pod.objectName) === pod && !pod.isEnded,
        (trouble) => pod.createFailed(problem(pod, trouble), false),
      );
      reflector.written(object);
    } catch (error) {
      if (error instanceof NameTaken) {
        forget(pod);
        // The wish is still there: the next look at the module makes one under another name.
        return;
      }
      if (toStatus(error).code === Status.ABORTED) forget(pod);
      else pod.createFailed(problem(pod, toStatus(error)), true);
      return;
    }
    await services
      .ensure(template.moduleId, moduleUid)
      .catch((error: unknown) =>
        log(`The Service of ${template.moduleId} could not be made: ${toStatus(error).message}`),
      );
  }

  async function remove(
    pod: KubernetesPod,
    cause: RpcStatus | undefined,
    graceSeconds: number | undefined,
  ): Promise<void> {
    pod.ask(cause);
    const { object } = pod;
    if (object === undefined) {
      // Not made yet: it is not wanted any more. If it is made all the same, it comes back as surplus.
      pod.gone();
      return;
    }
    if (pod.isEnded) return;
    const deleted = await writer.delete(object, graceSeconds);
    if (deleted === undefined) pod.gone();
    await pod.ended;
  }

  function known(name: string): KubernetesPod {
    const pod = pods.get(name.replace(/^pods\//, ""));
    if (pod === undefined) throw podNotFound(name);
    return pod;
  }

  return {
    async start() {
      reflector.start();
      warnings.start();
      await reflector.synced;
    },
    createPod(template) {
      if (closing.signal.aborted || !isLeader())
        throw statusError(Status.UNAVAILABLE, "NOT_LEADER", "Another pod manager makes the pods now");
      const pod = add(
        nextName(template.moduleId, template.generation),
        template.moduleId,
        template.generation,
      );
      void make(pod, template);
      return pod.view();
    },
    listPods: () => [...pods.values()].map((pod): Pod => pod.view()),
    getPod: (name) => pods.get(name.replace(/^pods\//, ""))?.view(),
    credentials: options.credentials,
    watch(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    loadOf: (name) => pods.get(name.replace(/^pods\//, ""))?.load,
    watchLoads(listener) {
      loadListeners.add(listener);
      return () => loadListeners.delete(listener);
    },
    drainPod: async (name) => remove(known(name), undefined, undefined),
    deletePod: async (name, cause) => remove(known(name), cause, AT_ONCE_SECONDS),
    logs(name, { follow, tailLines, signal }) {
      const pod = known(name);
      return podLogs({
        client,
        path: paths.pods(pod.objectName),
        follow,
        tailLines,
        signal: AbortSignal.any([signal, closing.signal]),
        isEnded: () => pod.isEnded,
      });
    },
    async close() {
      closing.abort(new Error("The pod manager is ending"));
      for (const pod of pods.values()) pod.close();
      await Promise.all([reflector.close(), warnings.close()]);
    },
  };
}

function problem(pod: KubernetesPod, status: RpcStatus): RpcStatus {
  return createProblem(status, { name: pod.name, moduleId: pod.moduleId });
}

function podNotFound(name: string): StatusError {
  return statusError(
    Status.NOT_FOUND,
    "POD_NOT_FOUND",
    `There is no pod ${JSON.stringify(name.slice(0, 100))}`,
    {
      metadata: { pod: name },
    },
  );
}
