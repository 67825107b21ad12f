import { type CallRecord, epochMs, newSpanId, rpcSpan, type Span } from "@podule/telemetry";

const SERVICE = "podule-module-server";
const WORKER = "podule-worker";
/** A shorter wait for a worker is none. */
const LEAST_WAIT_MS = 0.5;

/** The spans of a call that has ended: the pod's, its wait for a worker, and the worker's. `whole`: also of a worker that was not timed. */
export function spansOf(record: CallRecord, podName: string, whole = false): Span[] {
  const spans = [rpcSpan(record, { service: SERVICE, instance: podName }, {})];
  const { traceId, spanId } = record;
  const child = {
    kind: "internal",
    traceId,
    parentSpanId: spanId,
    parentIsRemote: false,
    events: [],
    links: [],
    error: undefined,
  } as const;
  if (record.sent > 0 && record.sent - record.start >= LEAST_WAIT_MS)
    spans.push({
      ...child,
      service: SERVICE,
      instance: podName,
      name: "wait for worker",
      spanId: newSpanId(),
      start: epochMs(record.start),
      end: epochMs(record.sent),
      attributes: {},
    });
  if (whole && record.workerStart === 0 && record.sent > 0)
    spans.push({
      ...child,
      service: WORKER,
      instance: `${podName}/${record.worker}`,
      name: record.callee === "" ? "run" : record.callee,
      spanId: newSpanId(),
      start: epochMs(record.sent),
      end: epochMs(record.end),
      attributes: {},
      error: record.code === 0 ? undefined : record.message,
    });
  if (record.workerStart > 0) {
    const { decodeMs, runMs, encodeMs, items, code, message } = record;
    const failed = code !== 0;
    spans.push({
      ...child,
      service: WORKER,
      instance: `${podName}/${record.worker}`,
      name: record.callee === "" ? "run" : record.callee,
      spanId: record.workerSpanId,
      start: record.workerStart,
      // A stream's worker does other things between its items.
      end: items > 0 ? epochMs(record.end) : record.workerStart + decodeMs + runMs + encodeMs,
      attributes: {
        ...(record.callee === "" ? {} : { "code.function.name": `${record.module}.${record.callee}` }),
        "podule.decode.duration": decodeMs / 1000,
        "podule.run.duration": runMs / 1000,
        "podule.encode.duration": encodeMs / 1000,
        ...(items > 0 ? { "podule.stream.items": items } : {}),
        ...(failed ? { "error.type": record.reason } : {}),
      },
      error: failed ? message : undefined,
    });
  }
  return spans;
}
