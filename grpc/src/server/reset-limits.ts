import type { Server } from "@grpc/grpc-js";

/** Cancels that one connection may send at once, and each second after that. */
const BURST = 1_000_000;
const PER_SECOND = 100_000;

/**
 * Node ends a whole HTTP/2 connection, with every call on it, after a burst of 1,000 cancelled streams. Behind a proxy all clients share a few
 * connections: one client's cancels would end the others' calls. Limits for each client are the proxy's matter. grpc-js passes
 * its options on to Node only through this private field.
 */
export function raiseResetLimits(server: Server): void {
  const options: unknown = Reflect.get(server, "commonServerOptions");
  if (typeof options !== "object" || options === null) {
    throw new Error("This version of @grpc/grpc-js does not allow the HTTP/2 reset limits to be set");
  }
  Object.assign(options, { streamResetBurst: BURST, streamResetRate: PER_SECOND });
}
