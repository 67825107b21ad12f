import type { ServerDuplexStream } from "@grpc/grpc-js";
import { type RawHandlers, toServiceError } from "@podule/grpc";
import { decodeClientFrames, type OpenFrame } from "@podule/session";
import { type Pod, requireModule } from "./pod.ts";
import { StatelessSession } from "./stateless-session.ts";

/** Calls/Session: the first message says what kind of session it is. */
export function sessionHandler(pod: Pod): RawHandlers["bidi"] {
  return (stream) => {
    const onEnd = () => stream.end();
    stream.once("end", onEnd);
    stream.once("data", (first: Buffer) => {
      stream.off("end", onEnd);
      const open = openOf(first);
      if (open === undefined || open.stateless) new StatelessSession(pod, stream, first);
      else openSession(pod, stream, open, first);
    });
  };
}

/** Undefined where the message does not begin with a well-formed `open`: the stateless session says what is wrong. */
function openOf(message: Buffer): OpenFrame | undefined {
  let open: OpenFrame | undefined;
  let count = 0;
  try {
    decodeClientFrames(message, (frame) => {
      if (count++ === 0 && frame.kind === "open") open = frame;
    });
  } catch {
    return open?.stateless === false ? open : undefined;
  }
  return open;
}

function openSession(
  pod: Pod,
  stream: ServerDuplexStream<Buffer, Buffer>,
  open: OpenFrame,
  first: Buffer,
): void {
  stream.pause();
  Promise.resolve()
    .then(() => requireModule(pod, open.module))
    .then(() => pod.sessions.open(stream, open, first))
    .catch((error: unknown) => stream.emit("error", toServiceError(error)));
}
