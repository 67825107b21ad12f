import type { Timestamp } from "@podule/proto/google/protobuf/timestamp.ts";
import type { TraceSpan } from "@podule/proto/podule/v1/traces.ts";
import type { Span } from "./span.ts";

/** The span as `podule.v1.Traces` tells it. */
export function traceSpan(span: Span): TraceSpan {
  return {
    service: span.service,
    instance: span.instance,
    name: span.name,
    spanId: span.spanId,
    parentSpanId: span.parentSpanId,
    startTime: timestampOf(span.start),
    duration: timestampOf(Math.max(0, span.end - span.start)),
    error: span.error ?? "",
    attributes: textsOf(span.attributes),
    events: span.events.map(({ name, at, attributes }) => ({
      name,
      time: timestampOf(at),
      attributes: textsOf(attributes),
    })),
  };
}

function textsOf(attributes: Span["attributes"]): Map<string, string> {
  return new Map(Object.entries(attributes).map(([key, value]) => [key, String(value)]));
}

/** A Timestamp, or a Duration: both have these fields. */
function timestampOf(ms: number): Timestamp {
  const seconds = Math.floor(ms / 1000);
  const nanos = Math.min(999_999_999, Math.round((ms - seconds * 1000) * 1e6));
  return { seconds: BigInt(seconds), nanos };
}
