import type { sendUnaryData } from "@grpc/grpc-js";
import { type RawHandlers, statusError, toServiceError } from "@podule/grpc";
import { routedCall } from "@podule/session";
import { Status } from "nice-grpc-common";
import { Call, type Caller } from "./call.ts";
import { dueOf, type Pod, requireModule } from "./pod.ts";
import { serviceErrorOf } from "./service-error.ts";

/** Calls/Call. */
export function unaryHandler(pod: Pod): RawHandlers["unary"] {
  return (stream, callback) => {
    const routed = routedCall(stream.request);
    requireModule(pod, routed.module);
    const due = dueOf(stream.getDeadline());
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

/** Submits a gRPC call, and follows its cancellation. */
export function submit(pod: Pod, stream: CancellableCall, call: Call): void {
  const deadline = stream.getDeadline();
  stream.on("cancelled", () => {
    if (Date.now() >= Number(deadline)) pod.pool.expire(call);
    else pod.pool.cancel(call);
  });
  pod.pool.submit(call);
  if (stream.cancelled) pod.pool.cancel(call);
}

interface CancellableCall {
  readonly cancelled: boolean;
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
