import type { ServerWritableStream } from "@grpc/grpc-js";
import { type RpcStatus, toStatus } from "@podule/grpc";
import { routedModule, type StreamCall } from "@podule/session";
import {
  deadlinePassed,
  factsOf,
  isPastDeadline,
  mayMove,
  moduleMissing,
  serviceError,
} from "./call-facts.ts";
import { CreditWindow } from "./credit-window.ts";
import type { Outgoing } from "./outgoing.ts";
import type { PodLink } from "./pod-link.ts";
import type { Router } from "./router.ts";

/** `podule.v1.Calls/Stream`: the worker goes on as fast as the client reads. */
export function streamHandler(router: Router) {
  return (call: ServerWritableStream<Buffer, Buffer>): void => {
    let module: string;
    try {
      module = routedModule(call.request);
    } catch (error) {
      call.emit("error", serviceError(toStatus(error)));
      return;
    }
    if (module === "") call.emit("error", serviceError(moduleMissing()));
    else router.submit(module, new StreamedCall(router, module, call));
  };
}

class StreamedCall implements Outgoing {
  readonly #router: Router;
  readonly #module: string;
  readonly #call: ServerWritableStream<Buffer, Buffer>;
  readonly #window = new CreditWindow();
  #running: StreamCall | undefined;
  #starts = 0;

  constructor(router: Router, module: string, call: ServerWritableStream<Buffer, Buffer>) {
    this.#router = router;
    this.#module = module;
    this.#call = call;
    call.on("cancelled", () => this.#cancel());
  }

  get bytes(): number {
    return this.#call.request.length;
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
        this.#call.end();
        link.released();
      },
      error: (status) => {
        this.#running = undefined;
        this.#onError(status);
        link.released();
      },
    });
  }

  fail(status: RpcStatus): void {
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
    if (this.#call.cancelled) return;
    if (mayMove(status, this.#starts)) this.#router.submit(this.#module, this);
    else this.fail(status);
  }

  #cancel(): void {
    if (this.#running === undefined) this.#router.withdraw(this.#module, this);
    else if (!isPastDeadline(this.#call)) this.#running.cancel();
  }
}
