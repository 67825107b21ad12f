import type { CallRecord } from "./call-record.ts";
import { CallRing } from "./call-ring.ts";
import { createSampler } from "./sampler.ts";
import type { Span } from "./span.ts";
import type { SpanExporter } from "./span-exporter.ts";
import { isServerError } from "./status-codes.ts";
import {
  formatTraceparent,
  newSpanId,
  newTraceId,
  parseTraceparent,
  type TraceContext,
} from "./trace-context.ts";
import { readTraceSettings, type Variables } from "./trace-settings.ts";
import { turnNow } from "./turn-clock.ts";

/** Spans begun before the exporter was loaded. */
const MOST_EARLY = 4096;
const OK = 0;
const CANCELLED = 1;

export interface Tracing {
  /** Whether spans are exported at all: without, calls are only remembered. */
  readonly on: boolean;
  /** What the settings ask for and cannot be. */
  readonly problems: readonly string[];
  /** A call has come. */
  begin(traceparent: string): CallRecord;
  /** What goes along with it to the next part; "": nothing. */
  outgoing(record: CallRecord): string;
  /** It has ended. True: its spans are to be exported. `mayBeSlow`: a long one is noteworthy. Default true. */
  end(record: CallRecord, code: number, mayBeSlow?: boolean): boolean;
  /** The calls that a person's id means. */
  find(id: string): CallRecord[];
  /** A context for something that is no call. */
  root(parent?: TraceContext): TraceContext;
  export(span: Span): void;
  close(): Promise<void>;
}

/** Tracing as the standard OTEL_* variables want it. `attributes`: of the resource, besides the service's name and instance. */
export function createTracing(
  env: Variables,
  attributes: Readonly<Record<string, string>>,
  ring = new CallRing(),
): Tracing {
  const settings = readTraceSettings(env);
  const on = settings.endpoint !== undefined;
  const sample = createSampler(settings.sampler, settings.ratio);
  let early: Span[] = [];
  let exporter: SpanExporter | undefined;
  // Loaded only where it is wanted: it takes longer than all the rest of a pod's start.
  const loading = on
    ? import("./span-exporter.ts").then(({ createSpanExporter }) => {
        exporter = createSpanExporter(attributes);
        for (const span of early) exporter.export(span);
        early = [];
      })
    : Promise.resolve();

  return {
    on,
    problems: settings.problems,
    begin(traceparent) {
      const record = ring.take();
      record.traceparent = traceparent;
      record.start = turnNow();
      if (!on) return record;
      const parent = traceparent === "" ? undefined : parseTraceparent(traceparent);
      record.traceId = parent?.traceId ?? newTraceId();
      record.parentSpanId = parent?.spanId ?? "";
      record.spanId = newSpanId();
      record.sampled = sample(record.traceId, parent);
      return record;
    },
    outgoing: (record) => (on ? formatTraceparent(record) : record.traceparent),
    end(record, code, mayBeSlow = true) {
      record.end = turnNow();
      record.code = code;
      const slow = mayBeSlow && record.end - record.start >= settings.slowMs;
      record.notable = record.sampled || slow || (code !== OK && code !== CANCELLED);
      ring.keep(record);
      return on && (record.sampled || slow || isServerError(code));
    },
    find(id) {
      const found = ring.find(id);
      for (const record of found) record.identify();
      return found;
    },
    root(parent) {
      const traceId = parent?.traceId ?? newTraceId();
      return { traceId, spanId: newSpanId(), sampled: on && sample(traceId, parent) };
    },
    export(span) {
      if (exporter !== undefined) exporter.export(span);
      else if (on && early.length < MOST_EARLY) early.push(span);
    },
    async close() {
      await loading.catch(() => {});
      await exporter?.close();
    },
  };
}
