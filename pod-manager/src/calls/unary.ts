import type { ServerUnaryCall, sendUnaryData } from "@grpc/grpc-js";
import { type RpcStatus, toStatus } from "@podule/grpc";
import { type Call, type RoutedCall, routedCall } from "@podule/session";
import type { CallRecord } from "@podule/telemetry";
import type { CallTelemetry } from "../telemetry/call-telemetry.ts";
import {
  deadlinePassed,
  factsOf,
  isPastDeadline,
  mayMove,
  moduleMissing,
  serviceError,
} from "./call-facts.ts";
import { callerOf } from "./caller.ts";
import type { Outgoing } from "./outgoing.ts";
import type { PodLink } from "./pod-link.ts";
import { RequestCall } from "./request-call.ts";
import type { Router } from "./router.ts";

/** `podule.v1.Calls/Call`: the request's bytes to a pod, the answer's bytes back. */
export function unaryHandler(router: Router, telemetry: CallTelemetry) {
  return (call: ServerUnaryCall<Buffer, Buffer>, callback: sendUnaryData<Buffer>): void => {
    const refused = (status: RpcStatus) =>
      serviceError(telemetry.failed(telemetry.begin(METHOD, call, "", call.request.length), status));
    let routed: RoutedCall;
    try {
      routed = routedCall(call.request);
    } catch (error) {
      callback(refused(toStatus(error)));
      return;
    }
    if (routed.module === "" && routed.session === "") callback(refused(moduleMissing()));
    else if (routed.requestId !== "") new RequestCall(router, telemetry, routed, call, callback).begin();
    else new UnaryCall(router, telemetry, routed, call, callback).submit();
  };
}

const METHOD = "podule.v1.Calls/Call";

class UnaryCall implements Outgoing {
  readonly load = "call";
  leave: (() => void) | undefined;
  readonly #router: Router;
  readonly #telemetry: CallTelemetry;
  #record: CallRecord | undefined;
  readonly #routed: RoutedCall;
  readonly #call: ServerUnaryCall<Buffer, Buffer>;
  readonly #callback: sendUnaryData<Buffer>;
  #running: Call | undefined;
  #starts = 0;

  constructor(
    router: Router,
    telemetry: CallTelemetry,
    routed: RoutedCall,
    call: ServerUnaryCall<Buffer, Buffer>,
    callback: sendUnaryData<Buffer>,
  ) {
    this.#router = router;
    this.#telemetry = telemetry;
    this.#record = telemetry.begin(METHOD, call, routed.module, call.request.length);
    this.#routed = routed;
    this.#call = call;
    this.#callback = callback;
    call.on("cancelled", () => this.#cancel());
  }

  get bytes(): number {
    return this.#call.request.length;
  }

  get caller(): string {
    return callerOf(this.#call);
  }

  get deadline(): number {
    return Number(this.#call.getDeadline());
  }

  submit(): void {
    const { session, module } = this.#routed;
    if (session === "") this.#router.submit(module, this);
    else this.#router.submitToSession(session, this);
  }

  start(link: PodLink): void {
    const facts = factsOf(this.#call);
    if (facts === undefined) {
      this.fail(deadlinePassed());
      return;
    }
    this.#starts += 1;
    if (this.#record !== undefined) {
      const traceparent = this.#telemetry.sent(this.#record, link);
      if (traceparent !== undefined) facts.traceparent = traceparent;
    }
    const begun = performance.now();
    this.#running = link.client.call(this.#call.request, facts, (error, response) => {
      this.#running = undefined;
      if (error === undefined) this.#answer(response ?? Buffer.alloc(0));
      else this.#onError(error);
      link.released(begun, error);
    });
  }

  #answer(response: Buffer): void {
    this.leave?.();
    if (this.#record !== undefined) this.#telemetry.succeeded(this.#record, response.length);
    this.#record = undefined;
    this.#callback(null, response);
  }

  fail(failure: RpcStatus): void {
    this.leave?.();
    const record = this.#record;
    this.#record = undefined;
    const status = record === undefined ? failure : this.#telemetry.failed(record, failure);
    this.#callback(serviceError(status));
  }

  #onError(status: RpcStatus): void {
    if (!this.#call.cancelled && mayMove(status, this.#starts)) this.submit();
    else this.fail(status);
  }

  #cancel(): void {
    if (this.#running === undefined) {
      this.leave?.();
      this.#gone();
      this.#router.withdraw(this.#routed.module, this);
    } else if (!isPastDeadline(this.#call)) this.#running.cancel();
  }

  #gone(): void {
    if (this.#record !== undefined) this.#telemetry.gone(this.#record);
    this.#record = undefined;
  }
}
