import { reasonOf } from "@podule/grpc";
import { decodeStatus } from "@podule/session";
import {
  type CallRecord,
  newSpanId,
  type SpanLink,
  type Tracing,
  turnNow,
  withCallId,
} from "@podule/telemetry";
import { Status } from "nice-grpc-common";
import type { Call } from "../calls/call.ts";
import { encodeStatus } from "../status-bytes.ts";
import { calleeOf } from "./callee-of.ts";
import { spansOf } from "./spans-of.ts";
import { readWorkerTimes } from "./worker-times.ts";

const CALL = "podule.v1.Calls/Call";
const STREAM = "podule.v1.Calls/Stream";
const SESSION = "podule.v1.Calls/Session";

/** Follows every call of the pod from its arrival to its answer. Cheap: nothing is allocated for a call that is not exported. */
export interface CallTelemetry {
  /** The call has come to the pod. */
  begin(call: Call): void;
  /** It goes to a worker. Returns the traceparent that goes with it; undefined: none. */
  sent(call: Call, worker: number): string | undefined;
  /** What the worker says of its own times. */
  times(call: Call, payload: Buffer): void;
  /** A piece of a large body has passed. */
  piece(call: Call, direction: "in" | "out", bytes: number): void;
  succeeded(call: Call, bytes: number): void;
  /** Returns the google.rpc.Status with the ids by which the call is found. */
  failed(call: Call, status: Buffer): Buffer;
  /** Python code of the module joins traces, also those that are not exported. */
  pythonJoins: boolean;
}

export interface CallTelemetryOptions {
  readonly tracing: Tracing;
  readonly moduleId: string;
  readonly podName: string;
  /** A call has been answered. */
  readonly onEnd: (record: CallRecord) => void;
}

export function createCallTelemetry(options: CallTelemetryOptions): CallTelemetry {
  const { tracing, moduleId, podName, onEnd } = options;
  function end(record: CallRecord, code: number, mayBeSlow = true): void {
    const exported = tracing.end(record, code, mayBeSlow);
    onEnd(record);
    if (exported) for (const span of spansOf(record, podName)) tracing.export(span);
  }

  const telemetry: CallTelemetry = {
    pythonJoins: false,
    begin(call) {
      const record = tracing.begin(call.traceparent);
      call.record = record;
      record.method = call.sessionLink === undefined ? (call.flow === undefined ? CALL : STREAM) : SESSION;
      record.module = moduleId;
      record.link = call.sessionLink?.span;
      if (call.sessionLink !== undefined) record.number = call.id;
      record.requestBytes = call.bytes;
      if (record.sampled) record.callee = calleeOf(call.request);
    },
    sent(call, worker) {
      const { record } = call;
      if (record === undefined) return undefined;
      record.sent = turnNow();
      record.worker = worker;
      if (!record.sampled && !telemetry.pythonJoins) return undefined;
      if (!tracing.on) return record.traceparent === "" ? undefined : record.traceparent;
      if (record.workerSpanId === "") record.workerSpanId = newSpanId();
      const { traceId, sampled, workerSpanId } = record;
      return `00-${traceId}-${workerSpanId}-${sampled ? "01" : "00"}`;
    },
    times(call, payload) {
      if (call.record !== undefined) readWorkerTimes(call.record, payload);
    },
    piece(call, direction, bytes) {
      const { record } = call;
      if (record === undefined) return;
      if (direction === "out") record.responseBytes += bytes;
      if (record.sampled)
        record.addEvent({
          name: "chunk",
          at: Date.now(),
          attributes: { direction, "podule.chunk.size": bytes },
        });
    },
    succeeded(call, bytes) {
      const { record } = call;
      if (record === undefined) return;
      call.record = undefined;
      record.responseBytes += bytes;
      end(record, Status.OK, call.flow === undefined);
    },
    failed(call, bytes) {
      const { record } = call;
      if (record === undefined) return bytes;
      call.record = undefined;
      const status = decodeStatus(bytes);
      const code = status?.code ?? Status.INTERNAL;
      if (status === undefined || code === Status.CANCELLED) {
        end(record, code);
        return bytes;
      }
      record.reason = reasonOf(status) ?? "";
      record.message = status.message.slice(0, MOST_MESSAGE);
      record.identify();
      end(record, code);
      return encodeStatus(withCallId(status, record.spanId, record.traceId));
    },
  };
  return telemetry;
}

const MOST_MESSAGE = 256;

/** Whose calls a session's are, for links: shared by them all. */
export interface SessionTrace {
  /** The session's own span; undefined: it has none. */
  span: SpanLink | undefined;
}
