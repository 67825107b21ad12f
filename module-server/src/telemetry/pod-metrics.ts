import { type CallRecord, type Registry, statusName } from "@podule/telemetry";

export interface PodMetrics {
  ended(record: CallRecord): void;
}

export interface PodNow {
  /** Calls that are not finished. */
  readonly calls: number;
  readonly sessions: number;
}

/** The metrics of one pod. */
export function createPodMetrics(registry: Registry, moduleId: string, now: () => PodNow): PodMetrics {
  const calls = registry.histogram(
    {
      name: "rpc.server.call.duration",
      help: "Calls, those of sessions too, from their arrival at the pod to their answer",
      unit: "s",
    },
    ["rpc.method", "podule.module", "rpc.response.status_code"],
  );
  const waits = registry.histogram(
    { name: "podule.call.wait.duration", help: "How long calls waited for a worker", unit: "s" },
    ["podule.module"],
  );
  const failures = registry.counter(
    { name: "podule.call.failures", help: "Calls that ended in an error, by its reason", unit: "{call}" },
    ["podule.module", "reason"],
  );
  const labels = { "podule.module": moduleId };
  registry.gauge(
    { name: "podule.calls.in_flight", help: "Calls that are not finished", unit: "{call}" },
    () => [{ labels, value: now().calls }],
  );
  registry.gauge(
    { name: "podule.sessions", help: "Client sessions that live here", unit: "{session}" },
    () => [{ labels, value: now().sessions }],
  );
  return {
    ended(record) {
      const { method, start, sent, end, code, reason } = record;
      const traceId = record.sampled ? record.traceId : undefined;
      calls.observe([method, moduleId, statusName(code)], (end - start) / 1000, traceId);
      if (sent - start >= 1) waits.observe([moduleId], (sent - start) / 1000);
      if (reason !== "") failures.add([moduleId, reason], 1);
    },
  };
}
