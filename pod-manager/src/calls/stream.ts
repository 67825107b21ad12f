import type { ServerWritableStream } from "@grpc/grpc-js";
import { type RpcStatus, toStatus } from "@podule/grpc";
import { type RoutedCall, routedCall, type StreamCall } from "@podule/session";
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
import { CreditWindow } from "./credit-window.ts";
import type { Outgoing } from "./outgoing.ts";
import type { PodLink } from "./pod-link.ts";
import type { Router } from "./router.ts";

/** `podule.v1.Calls/Stream`: the worker goes on as fast as the client reads. */
export function streamHandler(router: Router, telemetry: CallTelemetry) {
  return (call: ServerWritableStream<Buffer, Buffer>): void => {
    const refused = (status: RpcStatus) =>
      serviceError(telemetry.failed(telemetry.begin(METHOD, call, "", call.request.length), status));
    let routed: RoutedCall;
    try {
      routed = routedCall(call.request);
    } catch (error) {
      call.emit("error", refused(toStatus(error)));
      return;
    }
    if (routed.module === "" && routed.session === "") call.emit("error", refused(moduleMissing()));
    else new StreamedCall(router, telemetry, routed, call).submit();
  };
}

const METHOD = "podule.v1.Calls/Stream";

class StreamedCall implements Outgoing {
  readonly load = "call";
  leave: (() => void) | undefined;
  readonly #router: Router;
  readonly #telemetry: CallTelemetry;
  #record: CallRecord | undefined;
  readonly #routed: RoutedCall;
  readonly #call: ServerWritableStream<Buffer, Buffer>;
  readonly #window = new CreditWindow();
  #running: StreamCall | undefined;
  #starts = 0;

  constructor(
    router: Router,
    telemetry: CallTelemetry,
    routed: RoutedCall,
    call: ServerWritableStream<Buffer, Buffer>,
  ) {
    this.#router = router;
    this.#telemetry = telemetry;
    this.#record = telemetry.begin(METHOD, call, routed.module, call.request.length);
    this.#routed = routed;
    this.#call = call;
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
    const options = { ...facts, credit: this.#window.first };
    this.#running = link.client.stream(this.#call.request, options, {
      item: (response) => this.#onItem(response),
      end: () => {
        this.#running = undefined;
        this.leave?.();
        if (this.#record !== undefined) this.#telemetry.succeeded(this.#record, 0);
        this.#record = undefined;
        this.#call.end();
        link.released();
      },
      error: (status) => {
        this.#running = undefined;
        this.#onError(status);
        link.released(undefined, status);
      },
    });
  }

  fail(failure: RpcStatus): void {
    this.leave?.();
    const record = this.#record;
    this.#record = undefined;
    const status = record === undefined ? failure : this.#telemetry.failed(record, failure);
    this.#call.emit("error", serviceError(status));
  }

  #onItem(response: Buffer): void {
    this.#window.received(response.length);
    if (this.#record !== undefined) this.#record.responseBytes += response.length;
    this.#call.write(response, (error: Error | null | undefined) => {
      if (error) return;
      const credit = this.#window.delivered();
      if (credit > 0) this.#running?.credit(credit);
    });
  }

  #onError(status: RpcStatus): void {
    if (this.#call.cancelled) {
      this.leave?.();
      this.#gone();
      return;
    }
    if (mayMove(status, this.#starts)) this.submit();
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
