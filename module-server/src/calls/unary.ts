import type { Metadata, ServerUnaryCall, sendUnaryData } from "@grpc/grpc-js";
import { type RawHandlers, statusError, toServiceError } from "@podule/grpc";
import { type RoutedCall, routedCall } from "@podule/session";
import { Status } from "nice-grpc-common";
import type { Submit } from "../requests/request-table.ts";
import { Call, type Caller } from "./call.ts";
import { dueOf, type Pod, requireModule } from "./pod.ts";
import { serviceErrorOf } from "./service-error.ts";

/** Calls/Call. */
export function unaryHandler(pod: Pod): RawHandlers["unary"] {
  return (stream, callback) => {
    const routed = routedCall(stream.request);
    requireModule(pod, routed.module);
    const due = dueOf(stream.getDeadline());
    if (routed.requestId !== "") {
      joinRequest(pod, routed, stream, due, callback);
      return;
    }
    const caller = new UnaryCaller(callback);
    if (!pod.sessions.wants(routed)) {
      submit(pod, stream, new Call(caller, 0, stream.request, due));
      return;
    }
    pod.sessions
      .of(routed)
      .then((session) => submit(pod, stream, session.lease(caller, stream.request, due)))
      .catch((error: unknown) => callback(toServiceError(error)));
  };
}

/** A call that is run once, however often it is sent: that this caller goes away does not cancel it. */
function joinRequest(
  pod: Pod,
  routed: RoutedCall,
  stream: ServerUnaryCall<Buffer, Buffer>,
  due: number,
  callback: sendUnaryData<Buffer>,
): void {
  const waiter = {
    result: (response: Buffer) => callback(null, response),
    error: (status: Buffer) => callback(serviceErrorOf(status)),
  };
  const leave = pod.requests.join(
    routed,
    stream.request,
    waiter,
    submitRequest(pod, routed, stream.request, due),
  );
  stream.on("cancelled", leave);
}

/** How a request's one call is submitted. */
export function submitRequest(pod: Pod, routed: RoutedCall, request: Buffer, due: number): Submit {
  const submitted = (call: Call): Call => {
    pod.pool.submit(call);
    return call;
  };
  if (!pod.sessions.wants(routed)) return (caller) => submitted(new Call(caller, 0, request, due));
  return async (caller) => {
    const session = await pod.sessions.of(routed);
    return submitted(session.lease(caller, request, due));
  };
}

/** A caller's own deadline began before the one here, so that its cancellation may come first. */
const TRAVEL_MS = 100;

/** Submits a gRPC call, and follows its cancellation. */
export function submit(pod: Pod, stream: CancellableCall, call: Call): void {
  const deadline = stream.getDeadline();
  stream.on("cancelled", () => {
    if (Date.now() + TRAVEL_MS >= Number(deadline)) pod.pool.expire(call);
    else pod.pool.cancel(call);
  });
  const [traceparent] = stream.metadata.get("traceparent");
  if (typeof traceparent === "string") call.traceparent = traceparent;
  pod.pool.submit(call);
  if (stream.cancelled) pod.pool.cancel(call);
}

interface CancellableCall {
  readonly cancelled: boolean;
  readonly metadata: Metadata;
  getDeadline(): Date | number;
  on(event: "cancelled", listener: () => void): unknown;
}

class UnaryCaller implements Caller {
  readonly #callback: sendUnaryData<Buffer>;

  constructor(callback: sendUnaryData<Buffer>) {
    this.#callback = callback;
  }

  result(_call: Call, response: Buffer): void {
    this.#callback(null, response);
  }

  item(): void {}

  end(): void {
    this.#callback(
      toServiceError(
        statusError(
          Status.INTERNAL,
          "PROTOCOL_VIOLATION",
          "The worker answered a call with the end of a stream",
        ),
      ),
    );
  }

  error(_call: Call, status: Buffer): void {
    this.#callback(serviceErrorOf(status));
  }
}
