import type { sendUnaryData } from "@grpc/grpc-js";
import { type RawHandlers, statusError, toServiceError } from "@podule/grpc";
import { routedModule } from "@podule/session";
import { Status } from "nice-grpc-common";
import { Call, type Caller } from "./call.ts";
import { dueOf, type Pod, requireModule } from "./pod.ts";
import { serviceErrorOf } from "./service-error.ts";

/** Calls/Call. */
export function unaryHandler(pod: Pod): RawHandlers["unary"] {
  return (stream, callback) => {
    requireModule(pod, routedModule(stream.request));
    const deadline = stream.getDeadline();
    const call = new Call(new UnaryCaller(callback), 0, stream.request, dueOf(deadline));
    stream.on("cancelled", () => {
      if (Date.now() >= Number(deadline)) pod.pool.expire(call);
      else pod.pool.cancel(call);
    });
    pod.pool.submit(call);
  };
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
