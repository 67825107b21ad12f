import { availableParallelism } from "node:os";
import { toStatus } from "@podule/grpc";
import { type Module, Module_State } from "@podule/proto/podule/v1/modules.ts";
import { type Pod, Pod_State } from "@podule/proto/podule/v1/pods.ts";
import type { Environment, Environments } from "../environments/environments.ts";
import type { PodBackend } from "../pods/pod-backend.ts";
import { withStarts } from "../scale/start-times.ts";
import { describeStep, describeStuck } from "./describe-step.ts";
import { idOf, moduleName } from "./module-id.ts";
import { timestampOf, withStatus } from "./module-status.ts";
import { nextStep, type Step } from "./next-step.ts";
import { podTemplate } from "./pod-template.ts";
import { prepare } from "./prepare.ts";
import { beginProgress, countEnds, countFailure, dueIn, hasEnded, isOf, type Progress } from "./progress.ts";
import type { Registry } from "./registry.ts";
import { asksAgain, isAnswer, retryDelayMs } from "./retry-policy.ts";
import type { Sources } from "./sources.ts";
import { createStartGate } from "./start-gate.ts";
import { onePod, type PodScale, type WantedPods } from "./wanted-pods.ts";
import { createWorkQueue } from "./work-queue.ts";

export interface ReconcilerOptions {
  readonly registry: Registry;
  readonly pods: PodBackend;
  readonly environments: Environments;
  readonly sources: Sources;
  /** Makes a module that has drained go, durably. */
  readonly remove: (module: Module) => Promise<void>;
  /** Hears that a module's status has changed. */
  readonly onStatus: (id: string) => void;
  readonly log: (message: string) => void;
  readonly now?: () => number;
  /** How many pods each module has. Default: one. */
  readonly scale?: PodScale;
  /** Pods that may start at once. */
  readonly starts?: number;
}

export interface Reconciler {
  /** Looks at the module soon. */
  enqueue(id: string): void;
  /** Has the next resolution of this generation made anew. */
  refresh(module: Module): void;
  /** A call waits for the module: it starts before others, and is tried again if it has failed long enough ago. */
  wantedByCall(id: string): void;
  start(): void;
  close(): Promise<void>;
}

const CONCURRENCY = 8;
const STARTS = Math.max(4, 2 * availableParallelism());

/**
 * Level-triggered: each pass looks at what is (spec, environment, pods) and takes the next step. A pass never waits for uv: a
 * preparation runs beside it and has the module looked at again when it ends.
 */
export function createReconciler(options: ReconcilerOptions): Reconciler {
  const { registry, pods, log, now = Date.now, scale = onePod } = options;
  const progresses = new Map<string, Progress>();
  /** Pods told to go, until the backend has forgotten them: their ends are no failures. */
  const leaving = new Set<string>();
  const preparations = new Set<Promise<void>>();
  const stopWatching: (() => void)[] = [];
  const queue = createWorkQueue({
    concurrency: CONCURRENCY,
    handle: pass,
    retryDelayMs,
    onError: (id, error) => log(`modules/${id} could not be looked after: ${toStatus(error).message}`),
  });

  const gate = createStartGate({
    limit: options.starts ?? STARTS,
    starting: () =>
      pods.listPods().filter((pod) => pod.state === Pod_State.STARTING && pod.error === undefined).length,
    wake: queue.add,
  });

  async function pass(id: string): Promise<void> {
    const module = registry.get(id);
    const own = podsOf(id);
    if (module === undefined) {
      forget(id);
      for (const pod of own) drain(id, pod);
      return;
    }
    // The store has not yet given it its uid.
    if (module.uid === "") return;
    const progress = progressOf(module, own);
    countEnds(progress, own, leaving, now());
    const due = dueIn(progress, now());
    if (due !== undefined) queue.addAfter(id, due);
    const scaling = wantedPods(module, progress);
    const step = nextStep({
      deleting: module.status?.state === Module_State.DRAINING,
      generation: module.generation,
      pods: scale.order(own),
      wanted: scaling.wanted,
      failed: progress.failure !== undefined,
      prepared: progress.prepared !== undefined,
    });
    await take(step, module, progress, own, scaling);
  }

  /** A generation has to show that it works before it may have no pod. */
  function wantedPods(module: Module, progress: Progress): WantedPods {
    const decided = scale.wantedPods(module);
    const isProven = progress.settled && progress.failure === undefined;
    return isProven || decided.wanted > 0 ? decided : { ...decided, wanted: 1, reason: "Not yet ready once" };
  }

  async function take(
    step: Step,
    module: Module,
    progress: Progress,
    own: readonly Pod[],
    scaling: WantedPods,
  ): Promise<void> {
    const id = idOf(module);
    if (step.phase === "draining") progress.controller.abort();
    for (const pod of own)
      if (step.drain.includes(pod.name))
        drain(id, pod, isOfGeneration(pod, module) && !step.remove && step.phase !== "draining");
    if (step.remove) {
      await options.remove(module);
      forget(id);
      return;
    }
    const environment = progress.prepared?.environment;
    for (let made = 0; made < step.create; made++) create(module, progress);
    report(id, step, progress, environment, scaling);
    if (
      step.phase === "ready" &&
      !progress.settled &&
      own.every((pod) => hasEnded(pod) || isOfGeneration(pod, module))
    ) {
      progress.settled = true;
      await options.sources.prune(module.uid, module);
      // From now on it may have no pod.
      queue.add(id);
    }
    if (step.prepare && !progress.preparing) beginPreparation(module, progress);
  }

  function create(module: Module, progress: Progress): void {
    if (progress.prepared === undefined || !gate.admit(idOf(module))) return;
    try {
      pods.createPod(podTemplate(module, progress.prepared));
    } catch (error) {
      countFailure(progress, toStatus(error), false, now());
    }
    // The next one is prepared again: what is there now need not be there then.
    progress.prepared = undefined;
    queue.add(idOf(module));
  }

  function beginPreparation(module: Module, progress: Progress): void {
    const id = idOf(module);
    const { signal } = progress.controller;
    progress.preparing = true;
    const work = prepare(module, {
      environments: options.environments,
      sources: options.sources,
      fresh: progress.fresh,
      signal,
      onResolving: () => setStatus(id, progress, { state: Module_State.RESOLVING }),
      onInstalling: (lock) =>
        setStatus(id, progress, {
          state: Module_State.INSTALLING,
          environment: lock.digest,
          pythonVersion: lock.python.version,
        }),
    })
      .then(
        (prepared) => {
          progress.prepared = prepared;
          progress.wasPrepared = true;
          progress.fresh = false;
        },
        (error: unknown) => {
          const status = toStatus(error);
          if (!signal.aborted) countFailure(progress, status, isAnswer(status), now());
        },
      )
      .then(() => {
        progress.preparing = false;
        preparations.delete(work);
        queue.add(id);
      });
    preparations.add(work);
  }

  function report(
    id: string,
    step: Step,
    progress: Progress,
    environment: Environment | undefined,
    { wanted, reason, at }: WantedPods,
  ): void {
    setStatus(id, progress, {
      scaling: { wantedPods: wanted, reason, time: timestampOf(new Date(at)) },
      ...(describeStuck(step, podsOf(id)) ?? describeStep(step, progress, registry.get(id)?.status?.state)),
      ...(environment === undefined
        ? {}
        : { environment: environment.digest, pythonVersion: environment.pythonVersion }),
    });
  }

  function setStatus(id: string, progress: Progress, change: Parameters<typeof withStatus>[1]): void {
    const module = registry.get(id);
    if (module === undefined || !isOf(progress, module)) return;
    const deleting = module.status?.state === Module_State.DRAINING;
    const changed = withStatus(
      module,
      {
        ...change,
        ...(deleting ? { state: Module_State.DRAINING } : {}),
        observedGeneration: module.generation,
        startTimes: withStarts(
          module.status?.startTimes ?? [],
          podsOf(id),
          module.generation,
          progress.timed,
        ),
        pods: podsOf(id)
          .filter((pod) => !hasEnded(pod))
          .map(({ name }) => name),
      },
      new Date(now()),
    );
    if (changed === module) return;
    registry.replace(changed);
    options.onStatus(id);
  }

  function progressOf(module: Module, own: readonly Pod[]): Progress {
    const id = idOf(module);
    const known = progresses.get(id);
    if (known !== undefined && isOf(known, module)) return known;
    known?.controller.abort();
    const progress = beginProgress(module, own, false);
    progresses.set(id, progress);
    return progress;
  }

  function forget(id: string): void {
    gate.leave(id);
    scale.forget(id);
    pods.forgetModule?.(id);
    progresses.get(id)?.controller.abort();
    progresses.delete(id);
  }

  function drain(id: string, pod: Pod, keepWarm = false): void {
    if (leaving.has(pod.name) || !isActive(pod)) return;
    const { name } = pod;
    leaving.add(name);
    pods
      .drainPod(name, { keepWarm })
      .catch((error: unknown) => {
        log(`${name} could not be drained, so it is ended: ${toStatus(error).message}`);
        return pods.deletePod(name);
      })
      .catch((error: unknown) => {
        leaving.delete(name);
        log(`${name} could not be ended: ${toStatus(error).message}`);
        queue.addAfter(id, retryDelayMs(1));
      })
      .finally(() => queue.add(id));
  }

  /** The module's pods as they are, those told to go as draining. */
  function podsOf(id: string): readonly Pod[] {
    for (const name of leaving) if (pods.getPod(name) === undefined) leaving.delete(name);
    const module = moduleName(id);
    return pods
      .listPods()
      .filter((pod) => pod.module === module)
      .map((pod) => (leaving.has(pod.name) && isActive(pod) ? { ...pod, state: Pod_State.DRAINING } : pod));
  }

  return {
    enqueue: queue.add,
    refresh(module) {
      const progress = progressOf(module, podsOf(idOf(module)));
      progress.fresh = true;
    },
    wantedByCall(id) {
      gate.hurry(id);
      const progress = progresses.get(id);
      if (progress?.failure === undefined || progress.failure.retryAt !== undefined) return;
      if (!asksAgain(now() - progress.failure.at)) return;
      progress.failure = undefined;
      progress.fresh = true;
      setStatus(id, progress, { state: Module_State.RESOLVING, message: "A call asks again" });
      queue.add(id);
    },
    start() {
      stopWatching.push(
        scale.watch(queue.add),
        pods.watch(({ pod }) => {
          queue.add(idOf({ name: pod.module }));
          gate.onPodChange();
        }),
      );
      for (const module of registry.all()) queue.add(idOf(module));
    },
    async close() {
      for (const stop of stopWatching) stop();
      for (const { controller } of progresses.values()) controller.abort();
      await queue.close();
      await Promise.all(preparations);
    },
  };
}

function isOfGeneration(pod: Pod, { generation }: Module): boolean {
  return pod.generation === generation;
}

function isActive({ state }: Pod): boolean {
  return state === Pod_State.STARTING || state === Pod_State.READY;
}
