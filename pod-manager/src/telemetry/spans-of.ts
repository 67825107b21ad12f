import { type CallRecord, epochMs, newSpanId, rpcSpan, type Span } from "@podule/telemetry";

export const SERVICE = "podule-manager";
/** A shorter way to a pod is no wait. */
const LEAST_WAIT_MS = 1;

/**
 * The spans of a call that has ended: the manager's own, and its wait for a pod. `start`: the phases of that pod's start, to be shown
 * in the wait.
 */
export function spansOf(record: CallRecord, instance: string, start: readonly Span[] = []): Span[] {
  const spans = [rpcSpan(record, { service: SERVICE, instance }, {})];
  const waited = waitOf(record);
  if (waited !== undefined) {
    const wait: Span = {
      service: SERVICE,
      instance,
      name: "wait for pod",
      kind: "internal",
      traceId: record.traceId,
      spanId: newSpanId(),
      parentSpanId: record.spanId,
      parentIsRemote: false,
      ...waited,
      attributes: { "podule.module": record.module },
      events: [],
      links: [],
      error: undefined,
    };
    spans.push(wait, ...startIn(wait, start));
  }
  return spans;
}

/** The phases that the call has waited for, as children of its wait: they may belong to another trace. */
function startIn(wait: Span, start: readonly Span[]): Span[] {
  const [whole] = start;
  if (whole === undefined || whole.end < wait.start) return [];
  if (whole.traceId === wait.traceId) return [...start];
  return start.map((span) => ({
    ...span,
    traceId: wait.traceId,
    parentSpanId: span === whole ? wait.spanId : span.parentSpanId,
  }));
}

/** Milliseconds since 1970 between which the call waited for a pod; undefined: it did not. */
export function waitOf(record: CallRecord): { start: number; end: number } | undefined {
  const until = record.sent === 0 ? record.end : record.sent;
  if (until - record.start < LEAST_WAIT_MS) return undefined;
  return { start: epochMs(record.start), end: epochMs(until) };
}
