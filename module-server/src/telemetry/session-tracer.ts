import type { ServerDuplexStream } from "@grpc/grpc-js";
import { epochMs, parseTraceparent, type Tracing } from "@podule/telemetry";
import type { SessionTrace } from "./call-telemetry.ts";

/** The span of a session's stream, to which those of its calls are linked. */
export interface SessionTracer {
  /** A stream opens the session, or goes on with it. Returns what its end is told by. */
  attach(trace: SessionTrace, stream: ServerDuplexStream<Buffer, Buffer>): () => void;
}

export function createSessionTracer(tracing: Tracing, moduleId: string, podName: string): SessionTracer {
  return {
    attach(trace, stream) {
      if (!tracing.on) return () => {};
      const [header] = stream.metadata.get("traceparent");
      const parent = typeof header === "string" ? parseTraceparent(header) : undefined;
      const { traceId, spanId, sampled } = tracing.root(parent);
      const start = epochMs(performance.now());
      trace.span = { traceId, spanId };
      return () => {
        if (!sampled) return;
        tracing.export({
          service: "podule-module-server",
          instance: podName,
          name: "podule.v1.Calls/Session",
          kind: "server",
          traceId,
          spanId,
          parentSpanId: parent?.spanId ?? "",
          parentIsRemote: true,
          start,
          end: epochMs(performance.now()),
          attributes: {
            "rpc.system.name": "grpc",
            "rpc.method": "podule.v1.Calls/Session",
            "podule.module": moduleId,
            "podule.pod": podName,
          },
          events: [],
          links: [],
          error: undefined,
        });
      };
    },
  };
}
