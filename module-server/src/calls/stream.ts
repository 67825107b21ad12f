import type { ServerWritableStream } from "@grpc/grpc-js";
import { type RawHandlers, toServiceError } from "@podule/grpc";
import { routedCall } from "@podule/session";
import { Status } from "nice-grpc-common";
import { noStream } from "../requests/request-errors.ts";
import { statusBytes } from "../status-bytes.ts";
import type { CallPool } from "../workers/call-pool.ts";
import { Call, type Caller } from "./call.ts";
import { ItemFlow } from "./item-flow.ts";
import { dueOf, type Pod, requireModule } from "./pod.ts";
import { serviceErrorOf } from "./service-error.ts";
import { submit } from "./unary.ts";

/** Calls/Stream: the worker goes on as the client takes items. */
export function streamHandler(pod: Pod): RawHandlers["serverStream"] {
  return (stream) => {
    const routed = routedCall(stream.request);
    requireModule(pod, routed.module);
    if (routed.requestId !== "") throw noStream();
    const due = dueOf(stream.getDeadline());
    const flow = new ItemFlow(Number.POSITIVE_INFINITY);
    const caller = new StreamCaller(pod.pool, stream);
    if (!pod.sessions.wants(routed)) {
      submit(pod, stream, new Call(caller, 0, stream.request, due, flow));
      return;
    }
    pod.sessions
      .of(routed)
      .then((session) => submit(pod, stream, session.lease(caller, stream.request, due, flow)))
      .catch((error: unknown) => stream.emit("error", toServiceError(error)));
  };
}

/** Given to the HTTP/2 stream and not taken by it; beyond this the worker waits. */
const MAX_UNREAD_BYTES = 256 * 1024;
const MAX_UNREAD_ITEMS = 16;

class StreamCaller implements Caller {
  readonly #pool: CallPool;
  readonly #stream: ServerWritableStream<Buffer, Buffer>;
  #unreadBytes = 0;
  #unreadItems = 0;

  constructor(pool: CallPool, stream: ServerWritableStream<Buffer, Buffer>) {
    this.#pool = pool;
    this.#stream = stream;
  }

  item(call: Call, response: Buffer): void {
    this.#unreadBytes += response.length;
    this.#unreadItems++;
    if (this.#tooFarAhead) call.flow?.setOpen(false);
    this.#stream.write(response, () => {
      const before = this.#tooFarAhead;
      this.#unreadBytes -= response.length;
      this.#unreadItems--;
      if (before && !this.#tooFarAhead) this.#pool.setOpen(call, true);
    });
  }

  end(): void {
    this.#stream.end();
  }

  result(call: Call): void {
    this.error(
      call,
      statusBytes(Status.INTERNAL, "PROTOCOL_VIOLATION", "The worker answered a streamed call with a result"),
    );
  }

  /** Items that were written before arrive before it. */
  error(_call: Call, status: Buffer): void {
    this.#stream.emit("error", serviceErrorOf(status));
  }

  get #tooFarAhead(): boolean {
    return this.#unreadBytes > MAX_UNREAD_BYTES || this.#unreadItems >= MAX_UNREAD_ITEMS;
  }
}
