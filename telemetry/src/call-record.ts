import type { SpanEvent, SpanLink } from "./span.ts";
import { newSpanId, newTraceId, parseTraceparent } from "./trace-context.ts";

const NO_EVENTS: SpanEvent[] = [];

/**
 * What one part knows of one call: taken from a pool when the call begins, kept in a ring when it has ended, used again when the ring
 * comes round. Times are those of performance.now(); 0: not reached.
 */
export class CallRecord {
  /** Undefined of a call of a session: it has no method of its own. */
  method = "";
  module = "";
  /** Where the manager sent it; the session's pod. */
  pod = "";
  /** What is called, where it is known. */
  callee = "";
  /** As it came; "": none. */
  traceparent = "";
  /** "" until somebody asks, where nothing is exported. */
  traceId = "";
  spanId = "";
  parentSpanId = "";
  sampled = false;
  /** Of the caller's numbering, in a session. */
  number = 0;
  start = 0;
  /** When it began to wait for a pod or a worker. */
  queued = 0;
  sent = 0;
  end = 0;
  code = 0;
  reason = "";
  message = "";
  requestBytes = 0;
  responseBytes = 0;
  items = 0;
  /** Which worker had it; its times: since 1970, and milliseconds. */
  worker = 0;
  workerSpanId = "";
  workerStart = 0;
  decodeMs = 0;
  runMs = 0;
  encodeMs = 0;
  events: SpanEvent[] = NO_EVENTS;
  link: SpanLink | undefined;
  /** Worth keeping longer: it failed, was slow, or is sampled. */
  notable = false;

  reset(): void {
    this.method = this.module = this.pod = this.callee = this.traceparent = "";
    this.traceId = this.spanId = this.parentSpanId = this.workerSpanId = this.reason = this.message = "";
    this.sampled = this.notable = false;
    this.number = this.start = this.queued = this.sent = this.end = this.code = 0;
    this.requestBytes = this.responseBytes = this.items = this.worker = 0;
    this.workerStart = this.decodeMs = this.runMs = this.encodeMs = 0;
    this.events = NO_EVENTS;
    this.link = undefined;
  }

  /** Gives it the ids that it has as a span, if it has none yet. */
  identify(): void {
    if (this.spanId !== "") return;
    const parent = parseTraceparent(this.traceparent);
    this.traceId = parent?.traceId ?? newTraceId();
    this.parentSpanId = parent?.spanId ?? "";
    this.spanId = newSpanId();
  }

  addEvent(event: SpanEvent): void {
    if (this.events === NO_EVENTS) this.events = [];
    if (this.events.length < MOST_EVENTS) this.events.push(event);
  }

  /** Whether a person means this one: by the 16 digits of a call's id, or the 32 of a trace's. */
  isOf(id: string): boolean {
    if (id.length === 16) return this.spanId === id;
    return this.traceId === id || (this.traceId === "" && this.traceparent.startsWith(id, 3));
  }
}

const MOST_EVENTS = 64;
