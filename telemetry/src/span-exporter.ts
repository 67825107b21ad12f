import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-grpc";
import {
  defaultResource,
  detectResources,
  envDetector,
  type Resource,
  resourceFromAttributes,
} from "@opentelemetry/resources";
import { BatchSpanProcessor } from "@opentelemetry/sdk-trace";
import { readableSpan } from "./readable-span.ts";
import type { Span } from "./span.ts";

/** Spans that wait to be exported; more are dropped. */
const QUEUE = 8192;
const BATCH = 512;
const DELAY_MS = 1000;
/** Workers come and go. */
const MOST_RESOURCES = 256;

export interface SpanExporter {
  export(span: Span): void;
  /** All that waits is sent, within a few seconds. */
  close(): Promise<void>;
}

/** Sends spans in batches over OTLP/gRPC, where the OTEL_* variables of this process point. */
export function createSpanExporter(attributes: Readonly<Record<string, string>>): SpanExporter {
  const processor = new BatchSpanProcessor({
    exporter: new OTLPTraceExporter(),
    maxQueueSize: QUEUE,
    maxExportBatchSize: BATCH,
    scheduledDelayMillis: DELAY_MS,
    exportTimeoutMillis: 10_000,
  });
  const base = defaultResource().merge(detectResources({ detectors: [envDetector] }));
  const resources = new Map<string, Resource>();
  const resourceOf = ({ service, instance }: Span): Resource => {
    const key = `${service} ${instance}`;
    let resource = resources.get(key);
    if (resource === undefined) {
      if (resources.size >= MOST_RESOURCES) resources.clear();
      const own = { ...attributes, "service.name": service, "service.instance.id": instance };
      resource = base.merge(resourceFromAttributes(own));
      resources.set(key, resource);
    }
    return resource;
  };
  return {
    export: (span) => processor.onEnd(readableSpan(span, resourceOf(span))),
    async close() {
      await processor.shutdown().catch(() => {});
    },
  };
}
