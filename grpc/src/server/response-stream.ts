import type { ServerDuplexStream, ServerWritableStream } from "@grpc/grpc-js";
import type { CallScope } from "./call-scope.ts";
import type { Method } from "./method.ts";

/** Written but not yet taken by the HTTP/2 stream; beyond it the implementation waits. */
const AHEAD_BYTES = 256 * 1024;
const AHEAD_MESSAGES = 16;

/** Writes the responses of a generator to a call, no faster than the client reads them. */
export async function writeResponses(
  method: Method,
  call: ServerWritableStream<Buffer, Buffer> | ServerDuplexStream<Buffer, Buffer>,
  scope: CallScope,
  responses: AsyncIterable<unknown>,
): Promise<void> {
  const { signal } = scope.context;
  let bytesAhead = 0;
  let messagesAhead = 0;
  let wake = () => {};
  const onAbort = () => wake();
  signal.addEventListener("abort", onAbort);
  try {
    for await (const response of responses) {
      const bytes = method.encode(response);
      signal.throwIfAborted();
      scope.flushHeader();
      bytesAhead += bytes.length;
      messagesAhead += 1;
      call.write(bytes, () => {
        bytesAhead -= bytes.length;
        messagesAhead -= 1;
        wake();
      });
      while (bytesAhead > AHEAD_BYTES || messagesAhead > AHEAD_MESSAGES) {
        signal.throwIfAborted();
        await new Promise<void>((resolve) => (wake = resolve));
      }
    }
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}
