import { type RpcStatus, rpcStatus } from "@podule/grpc";
import { Status } from "nice-grpc-common";
import type { CallFrame, ClientFrame } from "./client-frames.ts";
import type { BodyFrame } from "./server-frames.ts";
import type { Done, StreamCall, StreamSink } from "./session-client.ts";

/** The way out for a call's later frames. */
export interface FrameSender {
  push(frame: ClientFrame): void;
}

/** One call of a session, from `call` or `stream` until the pod's final frame. */
export class PendingCall implements StreamCall {
  readonly id: number;
  readonly #sender: FrameSender;
  /** performance.now() at the deadline; 0: none. */
  readonly #deadline: number;
  #done: Done | undefined;
  #sink: StreamSink | undefined;
  #handedOver = false;

  constructor(
    id: number,
    deadline: number,
    answer: { done: Done } | { sink: StreamSink },
    sender: FrameSender,
  ) {
    this.id = id;
    this.#deadline = deadline;
    this.#sender = sender;
    if ("done" in answer) this.#done = answer.done;
    else this.#sink = answer.sink;
  }

  get answered(): boolean {
    return this.#done === undefined && this.#sink === undefined;
  }

  /** The frame as it goes to the stream: with what is left of its time. Undefined: it need not go. */
  handOver(frame: CallFrame): CallFrame | undefined {
    if (this.answered) return undefined;
    let sent = frame;
    if (this.#deadline !== 0) {
      const left = Math.ceil(this.#deadline - performance.now());
      if (left <= 0) {
        this.fail(
          rpcStatus(
            Status.DEADLINE_EXCEEDED,
            "DEADLINE_EXCEEDED",
            "The deadline passed before the call was sent",
          ),
        );
        return undefined;
      }
      if (left !== frame.timeoutMs) sent = { ...frame, timeoutMs: left };
    }
    this.#handedOver = true;
    return sent;
  }

  /** A result, or an item of a streamed call. */
  receive(frame: BodyFrame): void {
    const done = this.#done;
    if (frame.kind === "item") {
      this.#sink?.item(frame.body);
    } else if (done !== undefined) {
      this.#done = undefined;
      done(undefined, frame.body);
    } else {
      this.fail(rpcStatus(Status.INTERNAL, "PROTOCOL_VIOLATION", "A streamed call was answered by a result"));
    }
  }

  receiveEnd(): void {
    const sink = this.#sink;
    if (sink === undefined) {
      this.fail(
        rpcStatus(Status.INTERNAL, "PROTOCOL_VIOLATION", "A call was answered by the end of a stream"),
      );
      return;
    }
    this.#sink = undefined;
    sink.end();
  }

  fail(status: RpcStatus): void {
    const done = this.#done;
    const sink = this.#sink;
    this.#done = undefined;
    this.#sink = undefined;
    if (done !== undefined) done(status);
    else sink?.error(status);
  }

  /** The stream is gone. */
  lose(cause: string): void {
    this.fail(
      this.#handedOver
        ? rpcStatus(
            Status.ABORTED,
            "SESSION_LOST",
            `The connection broke while the call ran; it may have taken effect: ${cause}`,
          )
        : rpcStatus(
            Status.UNAVAILABLE,
            "CALL_NOT_SENT",
            `The connection broke before the call was sent: ${cause}`,
            {
              retryAfterMs: 100,
            },
          ),
    );
  }

  cancel(): void {
    if (this.answered) return;
    if (this.#handedOver) this.#sender.push({ kind: "cancel", id: this.id });
    this.fail(rpcStatus(Status.CANCELLED, "CANCELLED", "The call was cancelled"));
  }

  credit(items: number): void {
    if (!this.answered && items > 0) this.#sender.push({ kind: "credit", id: this.id, items });
  }
}
