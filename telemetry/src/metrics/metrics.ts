import { endpointOf, type Variables } from "../trace-settings.ts";
import type { MetricExporter } from "./metric-exporter.ts";
import { type MetricsServer, serveMetrics } from "./metrics-server.ts";
import { createRegistry, type Registry } from "./registry.ts";

export interface Metrics {
  readonly registry: Registry;
  /** Whether anybody will read them. */
  readonly on: boolean;
  /** Serves, and exports, as the variables say. Rejects where it cannot listen. */
  start(): Promise<void>;
  close(): Promise<void>;
}

/** `PODULE_METRICS_LISTEN`: HOST:PORT for a scrape. OTEL_EXPORTER_OTLP_ENDPOINT (or …_METRICS_ENDPOINT): where metrics are pushed. */
export function createMetrics(env: Variables, attributes: Readonly<Record<string, string>>): Metrics {
  const registry = createRegistry();
  let server: MetricsServer | undefined;
  let exporter: MetricExporter | undefined;
  addProcess(registry);
  const listen = env["PODULE_METRICS_LISTEN"];
  const pushed = endpointOf(env, "METRICS", []) !== undefined;
  return {
    registry,
    on: Boolean(listen) || pushed,
    async start() {
      if (listen) server = await serveMetrics(registry, listen);
      if (!pushed) return;
      const { createMetricExporter } = await import("./metric-exporter.ts");
      const interval = Number(env["OTEL_METRIC_EXPORT_INTERVAL"]);
      exporter = createMetricExporter(registry, attributes, interval >= 100 ? interval : undefined);
    },
    async close() {
      server?.close();
      await exporter?.close();
    },
  };
}

function addProcess(registry: Registry): void {
  registry.total({ name: "process.cpu.time", help: "CPU time of this process", unit: "s" }, () => {
    const { user, system } = process.cpuUsage();
    return [{ labels: {}, value: (user + system) / 1e6 }];
  });
  registry.gauge(
    { name: "process.memory.usage", help: "Resident memory of this process", unit: "By" },
    () => [{ labels: {}, value: process.memoryUsage.rss() }],
  );
}
