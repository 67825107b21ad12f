import type { CallRecord } from "./call-record.ts";
import type { Span } from "./span.ts";
import { isServerError, statusName } from "./status-codes.ts";
import { epochMs } from "./turn-clock.ts";

/** The span of a call in the part that serves it, by the semantic conventions of gRPC. */
export function rpcSpan(
  record: CallRecord,
  part: { readonly service: string; readonly instance: string },
  attributes: Span["attributes"],
): Span {
  const { code, message, reason } = record;
  const status = statusName(code);
  const failed = isServerError(code);
  return {
    ...part,
    name: record.number === 0 ? record.method : `${record.method} call`,
    kind: "server",
    traceId: record.traceId,
    spanId: record.spanId,
    parentSpanId: record.parentSpanId,
    parentIsRemote: true,
    start: epochMs(record.start),
    end: epochMs(record.end),
    attributes: {
      "rpc.system.name": "grpc",
      "rpc.method": record.method,
      "rpc.response.status_code": status,
      ...(failed ? { "error.type": status } : {}),
      ...(reason === "" ? {} : { "podule.reason": reason }),
      ...(record.callee === "" ? {} : { "podule.function": record.callee }),
      "podule.module": record.module,
      ...(record.pod === "" ? {} : { "podule.pod": record.pod }),
      ...(record.number === 0 ? {} : { "podule.session.call": record.number }),
      "podule.request.size": record.requestBytes,
      "podule.response.size": record.responseBytes,
      ...attributes,
    },
    events: record.events,
    links: record.link === undefined ? [] : [record.link],
    error: failed ? message : undefined,
  };
}
