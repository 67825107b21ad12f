import type { Server } from "@grpc/grpc-js";
import { internal } from "./internals.ts";

/** What a client may send ahead of a handler that does not read. */
const STREAM_BYTES = 1024 * 1024;
/** Of all streams of a connection together. Node counts what has come as taken at once, whoever reads: no stream holds up the others. */
const CONNECTION_BYTES = 16 * 1024 * 1024;

/** Node's own windows, 64 KiB for a stream and as much for a whole connection, let a large message through in small steps only. */
export function widenStreamWindows(server: Server): void {
  Object.assign(internal(server, "commonServerOptions"), { settings: { initialWindowSize: STREAM_BYTES } });
}

/** For each new HTTP/2 session. */
export function widenConnectionWindow(session: unknown): void {
  if (typeof session !== "object" || session === null || !("setLocalWindowSize" in session)) return;
  if (typeof session.setLocalWindowSize === "function") session.setLocalWindowSize(CONNECTION_BYTES);
}
