import type { Readable } from "node:stream";
import { internal } from "./internals.ts";

/**
 * grpc-js reads 16 messages ahead of the handler, whatever their size. At 64 MiB each that is 1 GiB for a client that sends faster than
 * it is read; so only one waits.
 */
export function limitReadAhead(call: Readable): void {
  Object.assign(internal(call, "_readableState"), { highWaterMark: 1 });
}
