import type { ServerSurfaceCall } from "@grpc/grpc-js/build/src/server-call.js";
import { Metadata } from "nice-grpc-common";
import { fromGrpcMetadata, toGrpcMetadata } from "./metadata.ts";
import type { CallContext } from "./service-types.ts";

/** grpc-js answers at the deadline itself; the timer here is for when that answer waits behind what the client does not read. */
const AFTER_DEADLINE_MS = 250;
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** A call while its handler runs. */
export interface CallScope {
  readonly context: CallContext;
  /** Sends the header now if the handler put anything into it; else it goes with the first message. */
  flushHeader(): void;
  /** The handler has ended: what happens to the call afterwards no longer aborts its signal. */
  end(): void;
}

/**
 * `signal` aborts when the client cancels or goes away, and at the deadline. For a stream of responses the deadline has a timer
 * here too: grpc-js reports it only once the client has read what was written.
 */
export function openCall(call: ServerSurfaceCall, responseStream: boolean): CallScope {
  const controller = new AbortController();
  const abort = () => controller.abort();
  const header = Metadata();
  let headerSent = false;
  let timer: NodeJS.Timeout | undefined;

  if (call.cancelled) abort();
  call.on("cancelled", abort);
  const deadline = Number(call.getDeadline());
  if (responseStream && Number.isFinite(deadline)) {
    timer = setTimeout(abort, Math.min(deadline - Date.now() + AFTER_DEADLINE_MS, LONGEST_TIMER_MS));
  }

  const sendHeader = () => {
    if (headerSent) return;
    headerSent = true;
    call.sendMetadata(toGrpcMetadata(header));
  };
  return {
    context: {
      metadata: fromGrpcMetadata(call.metadata),
      peer: call.getPeer(),
      header,
      sendHeader,
      trailer: Metadata(),
      signal: controller.signal,
      deadline: Number.isFinite(deadline) ? new Date(deadline) : undefined,
    },
    flushHeader() {
      for (const _ of header) {
        sendHeader();
        return;
      }
    },
    end() {
      clearTimeout(timer);
      call.off("cancelled", abort);
    },
  };
}
