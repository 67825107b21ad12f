import type { Duplex } from "node:stream";
import type { ClientDuplexStream, ServerDuplexStream } from "@grpc/grpc-js";
import { beginBytes, takeBytes } from "@podule/grpc";
import { pipeMessages, type Sink } from "./pipe.ts";

export interface PipeEvents {
  /** The pod's status is known, and the client has been given all that came before it. */
  podEnded(): void;
  /** The client sends no more, and the pod has been given all that it sent. */
  clientEnded(): void;
}

/** Pipes a client's stream and a pod's, `first` ahead: as bytes, where that can be, so that no message is put together here. */
export function pipeStreams(
  client: ServerDuplexStream<Buffer, Buffer>,
  pod: ClientDuplexStream<Buffer, Buffer>,
  first: Buffer,
  events: PipeEvents,
): void {
  let hasStatus = false;
  let isPiped = true;
  const settle = (): void => {
    if (hasStatus && isPiped) events.podEnded();
  };
  const piped = (): void => {
    isPiped = true;
    settle();
  };
  pod.once("status", () => {
    hasStatus = true;
    settle();
  });
  const begin = (): void => {
    if (hasStatus || client.cancelled) return;
    const bytes = takeBytes(client, pod, first);
    if (bytes === "later") {
      setImmediate(begin);
      return;
    }
    isPiped = false;
    if (bytes === "never") {
      pod.write(first);
      pipeMessages(pod, client, piped);
      pipeMessages(client, pod, events.clientEnded);
    } else {
      client.on("cancelled", () => bytes.client.destroy());
      pipeMessages(bytes.client, afterHeaders(client, bytes.server), piped);
      pipeMessages(bytes.server, bytes.client, events.clientEnded);
    }
  };
  begin();
}

/** A stream of bytes to a client, which begins with headers. */
function afterHeaders(client: ServerDuplexStream<Buffer, Buffer>, bytes: Duplex): Sink {
  let hasBegun = false;
  return {
    write(part, written) {
      if (!hasBegun) beginBytes(client);
      hasBegun = true;
      bytes.write(part, written);
    },
  };
}
