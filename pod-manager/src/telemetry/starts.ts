import { type Module, Module_State } from "@podule/proto/podule/v1/modules.ts";
import { type Pod, Pod_State } from "@podule/proto/podule/v1/pods.ts";
import { type CallRecord, formatTraceparent, newSpanId, type Span, type Tracing } from "@podule/telemetry";
import { millisecondsOf } from "../modules/module-status.ts";
import type { PodBackend, PodTemplate } from "../pods/pod-backend.ts";
import { SERVICE } from "./spans-of.ts";

const KEPT = 64;

/** The starts of pods, as the calls that wait for them see them. */
export interface Starts {
  /** The backend, through which pods learn whose trace their start belongs to. */
  readonly pods: PodBackend;
  /** A call has come; it may have to wait. */
  waits(record: CallRecord): void;
  /** It waits no more. */
  arrived(record: CallRecord): void;
  /** The phases of that pod's start, the whole first; empty: not known. */
  phasesOf(pod: string): readonly Span[];
  close(): void;
}

export interface StartsOptions {
  readonly tracing: Tracing;
  readonly instance: string;
  readonly pods: PodBackend;
  readonly getModule: (id: string) => Module | undefined;
  /** A pod has become ready: the phases of its start. */
  readonly onStarted: (phases: readonly Span[]) => void;
}

interface Start {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string;
  readonly sampled: boolean;
}

export function createStarts({ tracing, instance, pods, getModule, onStarted }: StartsOptions): Starts {
  /** Of each module the last call, of those that are exported, that has not reached a pod. */
  const waiting = new Map<string, CallRecord>();
  const starting = new Map<string, Start>();
  const known = new Map<string, readonly Span[]>();

  function begin(moduleId: string): Start {
    const call = waiting.get(moduleId);
    const { traceId, spanId, sampled } = tracing.root(call);
    return { traceId, spanId, sampled, parentSpanId: call?.spanId ?? "" };
  }

  function onPod(pod: Pod): void {
    const start = starting.get(pod.name);
    if (start === undefined || pod.state === Pod_State.STARTING) return;
    starting.delete(pod.name);
    if (pod.state !== Pod_State.READY) return;
    const module = getModule(pod.module.slice("modules/".length));
    const spans = startSpans(start, pod, module, instance);
    known.set(pod.name, spans);
    onStarted(spans);
    for (const [oldest] of known) if (known.size > KEPT) known.delete(oldest);
    if (start.sampled) for (const span of spans) tracing.export(span);
  }
  const stop = pods.watch(({ pod }) => onPod(pod));

  return {
    pods: {
      ...pods,
      createPod(template: PodTemplate): Pod {
        const start = begin(template.moduleId);
        const pod = pods.createPod(
          start.sampled ? { ...template, traceparent: formatTraceparent(start) } : template,
        );
        starting.set(pod.name, start);
        return pod;
      },
    },
    waits(record) {
      if (record.sampled && record.module !== "") waiting.set(record.module, record);
    },
    arrived(record) {
      if (record.sampled && waiting.get(record.module) === record) waiting.delete(record.module);
    },
    phasesOf: (pod) => known.get(pod) ?? [],
    close: stop,
  };
}

/** The pod's start as a whole, and what it was made of as far as the manager sees it. */
export function startSpans(
  { traceId, spanId, parentSpanId }: Omit<Start, "sampled">,
  pod: Pod,
  module: Module | undefined,
  instance: string,
): Span[] {
  const created = millisecondsOf(pod.createTime) ?? 0;
  const ready = millisecondsOf(pod.readyTime) ?? created;
  const { resolving, installing } = preparation(module, created);
  const begun = resolving ?? installing ?? created;
  const span = (name: string, id: string, parent: string, start: number, end: number): Span => ({
    service: SERVICE,
    instance,
    name,
    kind: "internal",
    traceId,
    spanId: id,
    parentSpanId: parent,
    parentIsRemote: false,
    start,
    end,
    attributes: { "podule.module": pod.module.slice("modules/".length), "podule.pod": pod.name },
    events: [],
    links: [],
    error: undefined,
  });
  return [
    span("start pod", spanId, parentSpanId, begun, ready),
    ...(resolving === undefined
      ? []
      : [span("resolve", newSpanId(), spanId, resolving, installing ?? created)]),
    ...(installing === undefined ? [] : [span("install", newSpanId(), spanId, installing, created)]),
    span("start", newSpanId(), spanId, created, ready),
  ];
}

/** When the environment of a pod that was created then had begun to be resolved, and to be installed. */
function preparation(
  module: Module | undefined,
  created: number,
): { resolving: number | undefined; installing: number | undefined } {
  let resolving: number | undefined;
  let installing: number | undefined;
  for (const { state, time } of module?.status?.transitions ?? []) {
    const at = millisecondsOf(time) ?? 0;
    if (at > created) break;
    if (state === Module_State.RESOLVING) {
      resolving = at;
      installing = undefined;
    } else if (state === Module_State.INSTALLING) installing = at;
    else if (state !== Module_State.STARTING) resolving = installing = undefined;
  }
  return { resolving, installing };
}
