import type { Server } from "@podule/grpc";
import type { CallTelemetry } from "../telemetry/call-telemetry.ts";
import { Router, type RouterOptions } from "./router.ts";
import { sessionHandler } from "./session-pipe.ts";
import { streamHandler } from "./stream.ts";
import { unaryHandler } from "./unary.ts";

export interface Calls {
  /** Serves `podule.v1.Calls`. */
  serve(server: Server): void;
  /** Calls sent to the pod that are not answered. */
  callsInFlight(pod: string): number;
  /** Calls that wait for a pod are refused; the others go on. */
  drain(): void;
  /** Calls in flight are answered at once. */
  close(): void;
}

export function createCalls(options: RouterOptions & { readonly telemetry: CallTelemetry }): Calls {
  const { telemetry } = options;
  const router = new Router(options);
  return {
    serve(server) {
      server.addRaw("/podule.v1.Calls/Call", "unary", unaryHandler(router, telemetry));
      server.addRaw("/podule.v1.Calls/Stream", "serverStream", streamHandler(router, telemetry));
      server.addRaw(
        "/podule.v1.Calls/Session",
        "bidi",
        sessionHandler(router, options.maxMessageBytes, telemetry),
      );
    },
    callsInFlight: (pod) => router.callsInFlight(pod),
    drain: () => router.drain(),
    close: () => router.close(),
  };
}
