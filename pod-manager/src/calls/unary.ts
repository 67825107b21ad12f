import type { ServerUnaryCall, sendUnaryData } from "@grpc/grpc-js";
import { type RpcStatus, toStatus } from "@podule/grpc";
import { type Call, type RoutedCall, routedCall } from "@podule/session";
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
export function unaryHandler(router: Router) {
  return (call: ServerUnaryCall<Buffer, Buffer>, callback: sendUnaryData<Buffer>): void => {
    let routed: RoutedCall;
    try {
      routed = routedCall(call.request);
    } catch (error) {
      callback(serviceError(toStatus(error)));
      return;
    }
    if (routed.module === "" && routed.session === "") callback(serviceError(moduleMissing()));
    else if (routed.requestId !== "") new RequestCall(router, routed, call, callback).begin();
    else new UnaryCall(router, routed, call, callback).submit();
  };
}

class UnaryCall implements Outgoing {
  readonly load = "call";
  leave: (() => void) | undefined;
  readonly #router: Router;
  readonly #routed: RoutedCall;
  readonly #call: ServerUnaryCall<Buffer, Buffer>;
  readonly #callback: sendUnaryData<Buffer>;
  #running: Call | undefined;
  #starts = 0;

  constructor(
    router: Router,
    routed: RoutedCall,
    call: ServerUnaryCall<Buffer, Buffer>,
    callback: sendUnaryData<Buffer>,
  ) {
    this.#router = router;
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
    this.#callback(null, response);
  }

  fail(status: RpcStatus): void {
    this.leave?.();
    this.#callback(serviceError(status));
  }

  #onError(status: RpcStatus): void {
    if (!this.#call.cancelled && mayMove(status, this.#starts)) this.submit();
    else this.fail(status);
  }

  #cancel(): void {
    if (this.#running === undefined) {
      this.leave?.();
      this.#router.withdraw(this.#routed.module, this);
    } else if (!isPastDeadline(this.#call)) this.#running.cancel();
  }
}
