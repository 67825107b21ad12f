import type { Metadata } from "@grpc/grpc-js";
import { type RpcStatus, reasonOf } from "@podule/grpc";
import { type CallRecord, callIdOf, type Tracing, turnNow, withCallId } from "@podule/telemetry";
import { Status } from "nice-grpc-common";
import { spansOf } from "./spans-of.ts";
import type { Starts } from "./starts.ts";

export type CallMethod = "podule.v1.Calls/Call" | "podule.v1.Calls/Stream" | "podule.v1.Calls/Session";

/** Follows the calls through the manager. Each record that `begin` gives is given back by one of the last three. */
export interface CallTelemetry {
  begin(method: CallMethod, call: { readonly metadata: Metadata }, module: string, bytes: number): CallRecord;
  /** It goes to a pod; returns the traceparent that goes along, undefined for none. */
  sent(record: CallRecord, pod: { readonly name: string; readonly moduleId: string }): string | undefined;
  succeeded(record: CallRecord, bytes: number): void;
  /** Returns the status with the ids by which the call is found. */
  failed(record: CallRecord, status: RpcStatus): RpcStatus;
  /** Its caller has gone before it was sent. */
  gone(record: CallRecord): void;
}

const MOST_MESSAGE = 256;

export function createCallTelemetry(
  tracing: Tracing,
  instance: string,
  starts: Starts,
  onEnd: (record: CallRecord) => void,
): CallTelemetry {
  /** The slow are those of which one answer is expected. */
  function end(record: CallRecord, code: number): void {
    starts.arrived(record);
    const isUnary = record.method === "podule.v1.Calls/Call";
    const exported = tracing.end(record, code, isUnary);
    onEnd(record);
    if (exported) for (const span of spansOf(record, instance)) tracing.export(span);
  }

  function failed(record: CallRecord, status: RpcStatus): RpcStatus {
    const { code } = status;
    if (code === Status.CANCELLED) {
      end(record, code);
      return status;
    }
    record.reason = reasonOf(status) ?? "";
    record.message = status.message.slice(0, MOST_MESSAGE);
    // The pod's ids, where the error is from there: without a traceparent the two have no other in common.
    const ids = callIdOf(status);
    if (ids !== undefined && record.traceId === "" && record.traceparent === "") {
      record.identify();
      record.traceId = ids.traceId;
    }
    record.identify();
    end(record, code);
    return ids === undefined ? withCallId(status, record.spanId, record.traceId) : status;
  }

  return {
    begin(method, call, module, bytes) {
      const [traceparent] = call.metadata.get("traceparent");
      const record = tracing.begin(typeof traceparent === "string" ? traceparent : "");
      record.method = method;
      record.module = module;
      record.requestBytes = bytes;
      starts.waits(record);
      return record;
    },
    sent(record, pod) {
      record.sent = turnNow();
      record.pod = pod.name;
      record.module = pod.moduleId;
      const traceparent = tracing.outgoing(record);
      return traceparent === "" ? undefined : traceparent;
    },
    succeeded(record, bytes) {
      record.responseBytes += bytes;
      end(record, Status.OK);
    },
    failed,
    gone: (record) => end(record, Status.CANCELLED),
  };
}
