import { rpcStatus } from "@podule/grpc";
import { Pod, Pod_State } from "@podule/proto/podule/v1/pods.ts";
import { Status } from "nice-grpc";
import type { PodBackend, PodEvent, PodTemplate } from "../../pods/pod-backend.ts";
import { timestampOf } from "../module-status.ts";

/** Pods without processes, for tests that must decide what happens to them and when. */
export function createFakePods(options: { readonly now?: () => number; readonly autoReady?: boolean } = {}) {
  const { now = Date.now, autoReady = false } = options;
  const pods = new Map<string, Pod>();
  const templates = new Map<string, PodTemplate>();
  const listeners = new Set<(event: PodEvent) => void>();
  const holds = new Set<() => void>();
  let sequence = 0;
  let holding = false;

  const tell = (type: PodEvent["type"], pod: Pod) => {
    for (const listener of listeners) listener({ type, pod });
  };
  const change = (name: string, fields: Partial<Pod>) => {
    const pod = pods.get(name);
    if (pod === undefined) return;
    const changed = { ...pod, ...fields };
    pods.set(name, changed);
    tell("MODIFIED", changed);
  };
  const hasEnded = (name: string) => {
    const state = pods.get(name)?.state;
    return state === undefined || state === Pod_State.SUCCEEDED || state === Pod_State.FAILED;
  };

  const backend: PodBackend = {
    createPod(template) {
      const name = `pods/${template.moduleId}-${++sequence}`;
      const pod = Pod.create({
        name,
        module: `modules/${template.moduleId}`,
        generation: template.generation,
        state: Pod_State.STARTING,
        createTime: timestampOf(new Date(now())),
      });
      pods.set(name, pod);
      templates.set(name, template);
      tell("ADDED", pod);
      if (autoReady) setImmediate(() => fake.ready(name));
      return pod;
    },
    listPods: () => [...pods.values()],
    getPod: (name) => pods.get(name),
    watch(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    loadOf: () => undefined,
    watchLoads: () => () => {},
    async drainPod(name) {
      if (hasEnded(name)) return;
      change(name, { state: Pod_State.DRAINING });
      if (holding) await new Promise<void>((resolve) => holds.add(resolve));
      if (!hasEnded(name))
        change(name, { state: Pod_State.SUCCEEDED, endTime: timestampOf(new Date(now())) });
    },
    async deletePod(name) {
      if (!hasEnded(name))
        change(name, { state: Pod_State.SUCCEEDED, endTime: timestampOf(new Date(now())) });
    },
    async *logs() {},
    async close() {},
  };

  const fake = {
    backend,
    templateOf: (name: string) => templates.get(name),
    active: () => [...pods.values()].filter(({ name }) => !hasEnded(name)),
    ready(name: string): void {
      if (pods.get(name)?.state !== Pod_State.STARTING) return;
      change(name, { state: Pod_State.READY, readyTime: timestampOf(new Date(now())) });
    },
    fail(name: string, code: Status = Status.ABORTED, reason = "TEST"): void {
      if (hasEnded(name)) return;
      const error = rpcStatus(code, reason, `${name} was made to fail`);
      change(name, { state: Pod_State.FAILED, endTime: timestampOf(new Date(now())), error });
    },
    forgetEnded(): void {
      for (const name of pods.keys())
        if (hasEnded(name)) {
          const pod = pods.get(name);
          pods.delete(name);
          if (pod !== undefined) tell("DELETED", pod);
        }
    },
    /** Drains end when `release` is called. */
    hold(): void {
      holding = true;
    },
    release(): void {
      holding = false;
      for (const end of holds) end();
      holds.clear();
    },
  };
  return fake;
}

export type FakePods = ReturnType<typeof createFakePods>;
