import type { Server } from "@grpc/grpc-js";
import type { Connections } from "../protocol/connections.ts";

export interface Shutdown {
  drain(graceMs: number): Promise<void>;
  close(): Promise<void>;
}

/** Ends a server once: whichever of `drain` and `close` is called, and how often, all resolve when it has ended. */
export function createShutdown(server: Server, connections: Connections): Shutdown {
  const ended = Promise.withResolvers<void>();
  let draining = false;
  let timer: NodeJS.Timeout | undefined;

  const end = () => {
    clearTimeout(timer);
    ended.resolve();
  };
  const force = () => {
    server.forceShutdown();
    connections.endAll();
    end();
  };

  return {
    drain(graceMs) {
      if (!draining) {
        draining = true;
        timer = setTimeout(force, graceMs);
        server.tryShutdown(end);
        connections.endSilent();
      }
      return ended.promise;
    },
    close() {
      draining = true;
      force();
      return ended.promise;
    },
  };
}
