import type { ServerDuplexStream, ServerReadableStream } from "@grpc/grpc-js";
import { limitReadAhead } from "../protocol/read-ahead.ts";
import type { Method } from "./method.ts";

/**
 * The requests of a call, read one at a time as they are asked for. Throws the signal's AbortError when the call is cancelled.
 * Ending the iteration early leaves the call as it is: its response is still to come.
 */
export function requestStream(
  method: Method,
  call: ServerReadableStream<Buffer, Buffer> | ServerDuplexStream<Buffer, Buffer>,
  signal: AbortSignal,
): AsyncGenerator<unknown, void, undefined> {
  limitReadAhead(call);
  return read(method, call, signal);
}

async function* read(
  method: Method,
  call: ServerReadableStream<Buffer, Buffer> | ServerDuplexStream<Buffer, Buffer>,
  signal: AbortSignal,
): AsyncGenerator<unknown, void, undefined> {
  let ended = false;
  let wake = () => {};
  const onEnd = () => {
    ended = true;
    wake();
  };
  const onEvent = () => wake();
  call.on("readable", onEvent).on("end", onEnd).on("close", onEvent);
  signal.addEventListener("abort", onEvent);
  try {
    for (;;) {
      signal.throwIfAborted();
      const bytes: unknown = call.destroyed ? null : call.read();
      if (bytes instanceof Uint8Array) yield method.decode(bytes);
      else if (ended || call.destroyed) return;
      else await new Promise<void>((resolve) => (wake = resolve));
    }
  } finally {
    call.off("readable", onEvent).off("end", onEnd).off("close", onEvent);
    signal.removeEventListener("abort", onEvent);
  }
}
