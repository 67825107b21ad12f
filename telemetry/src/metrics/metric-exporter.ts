import { type HrTime, ValueType } from "@opentelemetry/api";
import { OTLPMetricExporter } from "@opentelemetry/exporter-metrics-otlp-grpc";
import {
  defaultResource,
  detectResources,
  emptyResource,
  envDetector,
  resourceFromAttributes,
} from "@opentelemetry/resources";
import {
  AggregationTemporality,
  type CollectionResult,
  DataPointType,
  MeterProvider,
  type MetricData,
  PeriodicExportingMetricReader,
} from "@opentelemetry/sdk-metrics";
import type { Registry, Snapshot } from "./registry.ts";

const INTERVAL_MS = 60_000;
const SCOPE = { name: "podule", version: "0.1.0" };

export interface MetricExporter {
  close(): Promise<void>;
}

/** Sends the metrics over OTLP/gRPC, where the OTEL_* variables of this process point. */
export function createMetricExporter(
  registry: Registry,
  attributes: Readonly<Record<string, string>>,
  intervalMs = INTERVAL_MS,
): MetricExporter {
  const began = hrTime(Date.now());
  const reader = new PeriodicExportingMetricReader({
    exporter: new OTLPMetricExporter(),
    exportIntervalMillis: intervalMs,
    exportTimeoutMillis: Math.min(10_000, intervalMs),
    metricProducers: [{ collect: async () => collected(registry.collect(), began) }],
  });
  const resource = defaultResource()
    .merge(detectResources({ detectors: [envDetector] }))
    .merge(resourceFromAttributes(attributes));
  const provider = new MeterProvider({ resource, readers: [reader] });
  return {
    async close() {
      await provider.shutdown().catch(() => {});
    },
  };
}

function collected(snapshots: readonly Snapshot[], startTime: HrTime): CollectionResult {
  const endTime = hrTime(Date.now());
  const metrics = snapshots.map((snapshot) => metricData(snapshot, startTime, endTime));
  return {
    resourceMetrics: { resource: emptyResource(), scopeMetrics: [{ scope: SCOPE, metrics }] },
    errors: [],
  };
}

function metricData(snapshot: Snapshot, startTime: HrTime, endTime: HrTime): MetricData {
  const { name, help, unit } = snapshot;
  const base = {
    descriptor: { name, description: help, unit, valueType: ValueType.DOUBLE },
    aggregationTemporality: AggregationTemporality.CUMULATIVE,
  };
  if (snapshot.kind === "histogram") {
    const { bounds } = snapshot;
    return {
      ...base,
      dataPointType: DataPointType.HISTOGRAM,
      dataPoints: snapshot.points.map(({ labels, counts, sum, count }) => ({
        startTime,
        endTime,
        attributes: labels,
        value: { buckets: { boundaries: [...bounds], counts: [...counts] }, sum, count },
      })),
    };
  }
  const dataPoints = snapshot.points.map(({ labels, value }) => ({
    startTime,
    endTime,
    attributes: labels,
    value,
  }));
  return snapshot.kind === "gauge"
    ? { ...base, dataPointType: DataPointType.GAUGE, dataPoints }
    : { ...base, dataPointType: DataPointType.SUM, isMonotonic: true, dataPoints };
}

function hrTime(ms: number): HrTime {
  return [Math.floor(ms / 1000), (ms % 1000) * 1e6];
}
