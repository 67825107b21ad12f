import type { ServerWritableStream } from "@grpc/grpc-js";
import { type RpcStatus, toStatus } from "@podule/grpc";
import { type RoutedCall, routedCall, type StreamCall } from "@podule/session";
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
export function streamHandler(router: Router) {
  return (call: ServerWritableStream<Buffer, Buffer>): void => {
    let routed: RoutedCall;
    try {
      routed = routedCall(call.request);
    } catch (error) {
      call.emit("error", serviceError(toStatus(error)));
      return;
    }
    if (routed.module === "" && routed.session === "") call.emit("error", serviceError(moduleMissing()));
    else new StreamedCall(router, routed, call).submit();
  };
}

class StreamedCall implements Outgoing {
  readonly load = "call";
  leave: (() => void) | undefined;
  readonly #router: Router;
  readonly #routed: RoutedCall;
  readonly #call: ServerWritableStream<Buffer, Buffer>;
  readonly #window = new CreditWindow();
  #running: StreamCall | undefined;
  #starts = 0;

  constructor(router: Router, routed: RoutedCall, call: ServerWritableStream<Buffer, Buffer>) {
    this.#router = router;
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
    const options = { ...facts, credit: this.#window.first };
    this.#running = link.client.stream(this.#call.request, options, {
      item: (response) => this.#onItem(response),
      end: () => {
        this.#running = undefined;
        this.leave?.();
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

  fail(status: RpcStatus): void {
    this.leave?.();
    this.#call.emit("error", serviceError(status));
  }

  #onItem(response: Buffer): void {
    this.#window.received(response.length);
    this.#call.write(response, (error: Error | null | undefined) => {
      if (error) return;
      const credit = this.#window.delivered();
      if (credit > 0) this.#running?.credit(credit);
    });
  }

  #onError(status: RpcStatus): void {
    if (this.#call.cancelled) {
      this.leave?.();
      return;
    }
    if (mayMove(status, this.#starts)) this.submit();
    else this.fail(status);
  }

  #cancel(): void {
    if (this.#running === undefined) {
      this.leave?.();
      this.#router.withdraw(this.#routed.module, this);
    } else if (!isPastDeadline(this.#call)) this.#running.cancel();
  }
}
