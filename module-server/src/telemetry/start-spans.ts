import { newSpanId, parseTraceparent, type Span, type Tracing } from "@podule/telemetry";

export interface StartTimes {
  /** Milliseconds since 1970: Node began, Python was started, the module was imported. */
  readonly processStart: number;
  readonly pythonStart: number;
  readonly imported: number;
  /** Of these, the import alone. */
  readonly importMs: number;
}

/** The pod's part of its own start, below the span of whoever started it. */
export function startSpans(
  tracing: Tracing,
  traceparent: string | undefined,
  podName: string,
  moduleId: string,
  times: StartTimes,
): Span[] {
  const parent = traceparent === undefined ? undefined : parseTraceparent(traceparent);
  if (parent?.sampled !== true || !tracing.on) return [];
  const span = (name: string, start: number, end: number): Span => ({
    service: "podule-module-server",
    instance: podName,
    name,
    kind: "internal",
    traceId: parent.traceId,
    spanId: newSpanId(),
    parentSpanId: parent.spanId,
    parentIsRemote: true,
    start,
    end,
    attributes: { "podule.module": moduleId },
    events: [],
    links: [],
    error: undefined,
  });
  const importStart = times.imported - times.importMs;
  // One that went on with what it had imported before.
  if (importStart < times.pythonStart) return [span("resume", times.processStart, times.imported)];
  return [
    span("start module server", times.processStart, times.pythonStart),
    span("start python", times.pythonStart, importStart),
    span("import", importStart, times.imported),
  ];
}
