import { type Module, module_StateToJSON } from "@podule/proto/podule/v1/modules.ts";
import { type Pod, pod_StateToJSON } from "@podule/proto/podule/v1/pods.ts";
import { type CallRecord, type Registry, type Span, statusName } from "@podule/telemetry";
import type { ModuleDirectory } from "../modules/module-directory.ts";

const COLLECTION = "modules/";

export interface ManagerMetrics {
  ended(record: CallRecord): void;
  /** A pod has become ready; the phases of its start, the whole first. */
  started(phases: readonly Span[]): void;
}

export interface ManagerMetricsOptions {
  readonly listPods: () => readonly Pod[];
  readonly modules: Pick<ModuleDirectory, "watch">;
  /** Calls sent to the pod that are not answered. */
  readonly callsInFlight: (pod: string) => number;
}

export function createManagerMetrics(
  registry: Registry,
  { listPods, modules, callsInFlight }: ManagerMetricsOptions,
): ManagerMetrics {
  const known = new Map<string, Module>();
  modules.watch(({ type, module }) => {
    if (type === "DELETED") known.delete(module.name);
    else known.set(module.name, module);
  });
  const listModules = () => [...known.values()];
  const calls = registry.histogram(
    { name: "rpc.server.call.duration", help: "Calls, from their arrival to their answer", unit: "s" },
    ["rpc.method", "podule.module", "rpc.response.status_code"],
  );
  const waits = registry.histogram(
    { name: "podule.call.wait.duration", help: "How long calls waited for a pod", unit: "s" },
    ["podule.module"],
  );
  const starts = registry.histogram(
    { name: "podule.pod.start.duration", help: "Starts of pods, by phase", unit: "s" },
    ["podule.module", "phase"],
  );
  const bytes = registry.counter(
    { name: "podule.call.bytes", help: "Bytes of requests and responses", unit: "By" },
    ["podule.module", "direction"],
  );
  registry.gauge({ name: "podule.pods", help: "Pods by their state", unit: "{pod}" }, () =>
    [...Map.groupBy(listPods(), (pod) => `${idOf(pod.module)}\n${pod_StateToJSON(pod.state)}`)].map(
      ([key, pods]) => {
        const [module = "", state = ""] = key.split("\n");
        return { labels: { "podule.module": module, state }, value: pods.length };
      },
    ),
  );
  registry.gauge(
    { name: "podule.calls.in_flight", help: "Calls that pods have and have not answered", unit: "{call}" },
    () => sums(listPods(), (pod) => callsInFlight(pod.name)),
  );
  registry.gauge(
    { name: "podule.sessions", help: "Client sessions that live in pods", unit: "{session}" },
    () => sums(listPods(), (pod) => pod.sessions),
  );
  registry.gauge(
    { name: "podule.scaling.wanted_pods", help: "Pods that the autoscaler wants", unit: "{pod}" },
    () =>
      listModules().map(({ name, status }) => ({
        labels: { "podule.module": idOf(name) },
        value: status?.scaling?.wantedPods ?? 0,
      })),
  );
  registry.gauge({ name: "podule.modules", help: "Modules by their state", unit: "{module}" }, () =>
    [...Map.groupBy(listModules(), ({ status }) => module_StateToJSON(status?.state ?? 0))].map(
      ([state, modules]) => ({
        labels: { state },
        value: modules.length,
      }),
    ),
  );

  return {
    ended(record) {
      const { module, method, start, sent, end } = record;
      // Sessions last as long as they please.
      if (method !== "podule.v1.Calls/Session")
        calls.observe(
          [method, module, statusName(record.code)],
          (end - start) / 1000,
          record.sampled ? record.traceId : undefined,
        );
      const waited = (sent === 0 ? end : sent) - start;
      if (waited >= 1) waits.observe([module], waited / 1000);
      if (record.requestBytes > 0) bytes.add([module, "in"], record.requestBytes);
      if (record.responseBytes > 0) bytes.add([module, "out"], record.responseBytes);
    },
    started(phases) {
      for (const { name, start, end, attributes } of phases)
        starts.observe(
          [String(attributes["podule.module"] ?? ""), name === "start pod" ? "all" : name],
          (end - start) / 1000,
        );
    },
  };
}

function sums(pods: readonly Pod[], amount: (pod: Pod) => number) {
  return [...Map.groupBy(pods, ({ module }) => idOf(module))].map(([module, own]) => ({
    labels: { "podule.module": module },
    value: own.reduce((sum, pod) => sum + amount(pod), 0),
  }));
}

function idOf(name: string): string {
  return name.slice(COLLECTION.length);
}
