import type { Server } from "@grpc/grpc-js";
import { internal } from "./internals.ts";

/** Cancels that one connection may send at once, and each second after that. */
const BURST = 1_000_000;
const PER_SECOND = 100_000;

/**
 * Node ends a whole HTTP/2 connection, with every call on it, after a burst of 1,000 cancelled streams. Behind a proxy all clients
 * share a few connections: one client's cancels would end the others' calls. Limits for each client are the proxy's matter.
 */
export function raiseResetLimits(server: Server): void {
  Object.assign(internal(server, "commonServerOptions"), {
    streamResetBurst: BURST,
    streamResetRate: PER_SECOND,
  });
}
