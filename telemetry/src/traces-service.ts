import { type ServiceImplementation, type StatusError, statusError } from "@podule/grpc";
import type { Trace, TraceSpan, TracesDefinition } from "@podule/proto/podule/v1/traces.ts";
import { Status } from "nice-grpc-common";
import type { Span } from "./span.ts";
import { traceSpan } from "./trace-message.ts";

const MOST_SPANS = 1000;

export interface TracesOptions {
  /** What this part remembers of the call, or of all calls of the trace. */
  readonly own: (id: string) => readonly Span[];
  /** What others do; `spans`: what is known here. */
  readonly others?: (id: string, spans: readonly Span[]) => Promise<readonly Trace[]>;
}

/** `podule.v1.Traces`. */
export function createTracesService({ own, others }: TracesOptions): ServiceImplementation<TracesDefinition> {
  return {
    async getTrace(request): Promise<Trace> {
      const id = request.id.toLowerCase();
      if (!/^([0-9a-f]{16}|[0-9a-f]{32})$/.test(id)) throw noId(request.id);
      const first = own(id);
      const elsewhere = (await others?.(id, first)) ?? [];
      const traceId = first[0]?.traceId ?? elsewhere.find((trace) => trace.traceId !== "")?.traceId ?? "";
      // The call is another's; what led to it may be ours.
      const mine = first.length > 0 || traceId === "" ? first : own(traceId);
      const spans = [...mine.map(traceSpan), ...elsewhere.flatMap((trace) => trace.spans)];
      if (spans.length === 0) throw unknown(id);
      return { traceId, spans: spans.sort(byStart).slice(0, MOST_SPANS) };
    },
  };
}

function byStart(a: TraceSpan, b: TraceSpan): number {
  return startOf(a) - startOf(b);
}

function startOf({ startTime }: TraceSpan): number {
  return startTime === undefined ? 0 : Number(startTime.seconds) * 1000 + startTime.nanos / 1e6;
}

function noId(id: string): StatusError {
  const description = `${JSON.stringify(id.slice(0, 64))} is no call id (16 hexadecimal digits) and no trace id (32)`;
  return statusError(Status.INVALID_ARGUMENT, "INVALID_FIELD", `id: ${description}`, {
    violations: [{ field: "id", description }],
  });
}

function unknown(id: string): StatusError {
  return statusError(
    Status.NOT_FOUND,
    "TRACE_NOT_FOUND",
    `No part remembers ${id}: each keeps its last calls only, and forgets them when it ends`,
  );
}
