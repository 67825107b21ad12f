import type { Readable } from "node:stream";

/**
 * grpc-js reads 16 messages ahead of the handler, whatever their size. At 64 MiB each that is 1 GiB for a client that sends faster than
 * it is read; so only one waits. grpc-js has no option for it.
 */
export function limitReadAhead(call: Readable): void {
  const state: unknown = Reflect.get(call, "_readableState");
  if (typeof state !== "object" || state === null || !("highWaterMark" in state)) {
    throw new Error("This version of Node does not allow the read-ahead of a stream to be set");
  }
  state.highWaterMark = 1;
}
