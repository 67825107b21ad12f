import type { Server } from "@grpc/grpc-js";

export interface Shutdown {
  drain(graceMs: number): Promise<void>;
  close(): Promise<void>;
}

/** Ends a server once: whichever of `drain` and `close` is called, and how often, all resolve when it has ended. */
export function createShutdown(server: Server): Shutdown {
  const ended = Promise.withResolvers<void>();
  let draining = false;
  let timer: NodeJS.Timeout | undefined;

  const end = () => {
    clearTimeout(timer);
    ended.resolve();
  };
  // Resolves by itself: grpc-js would also wait for connections that are still in their TLS handshake.
  const force = () => {
    server.forceShutdown();
    end();
  };

  return {
    drain(graceMs) {
      if (!draining) {
        draining = true;
        server.tryShutdown(end);
        timer = setTimeout(force, graceMs);
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
