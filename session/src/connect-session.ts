import {
  Client,
  type ClientDuplexStream,
  credentials,
  type ServiceError,
  type StatusObject,
} from "@grpc/grpc-js";
import { type RpcStatus, rpcStatus, StatusError, toStatus } from "@podule/grpc";
import { Status } from "nice-grpc-common";
import { sessionChannelOptions } from "./channel-options.ts";
import { type ClientFrame, clientFrameSize, writeClientFrame } from "./client-frames.ts";
import type { UnknownFrame } from "./frame-message.ts";
import { FrameWriter } from "./frame-writer.ts";
import { PendingCall } from "./pending-call.ts";
import { decodeServerFrames, type ServerFrame } from "./server-frames.ts";
import type {
  Call,
  CallOptions,
  ConnectOptions,
  Done,
  SessionClient,
  StreamCall,
  StreamOptions,
  StreamSink,
} from "./session-client.ts";
import { decodeStatus, statusOfError } from "./status-of-error.ts";

const PATH = "/podule.v1.Calls/Session";
const DEFAULT_MAX_MESSAGE_BYTES = 64 * 1024 * 1024;
/** Requests not yet given to the stream: beyond four of the largest, one more is refused. */
const PENDING_MESSAGES = 4;
/** Calls that may wait for `opened`, which brings the pod's own bound. */
const MAX_IN_FLIGHT_BEFORE_OPENED = 16_384;
const codec = { size: clientFrameSize, write: writeClientFrame };
const identity = (bytes: Buffer) => bytes;

export function connectSession(options: ConnectOptions): SessionClient {
  return new Session(options);
}

class Session implements SessionClient {
  readonly opened: Promise<void>;
  readonly #options: ConnectOptions;
  readonly #maxMessageBytes: number;
  readonly #client: Client;
  readonly #stream: ClientDuplexStream<Buffer, Buffer>;
  readonly #writer: FrameWriter<ClientFrame>;
  readonly #calls = new Map<number, PendingCall>();
  readonly #settleOpened: { resolve: () => void; reject: (error: StatusError) => void };
  #isOpen = false;
  #closing = false;
  #ended = false;
  #draining = false;
  #maxInFlight = MAX_IN_FLIGHT_BEFORE_OPENED;
  #lastId = 0;
  /** Frames that wait for `opened`. */
  #early: ClientFrame[] = [];
  #earlyBytes = 0;

  constructor(options: ConnectOptions) {
    this.#options = options;
    this.#maxMessageBytes = options.maxMessageBytes ?? DEFAULT_MAX_MESSAGE_BYTES;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.opened = promise;
    this.opened.catch(() => {});
    this.#settleOpened = { resolve, reject };
    this.#client = new Client(
      options.address,
      options.credentials ?? credentials.createInsecure(),
      sessionChannelOptions(this.#maxMessageBytes),
    );
    this.#stream = this.#client.makeBidiStreamRequest(PATH, identity, identity);
    this.#writer = new FrameWriter(this.#stream, codec, { take: (frame) => this.#take(frame) });
    this.#stream.on("data", (message: Buffer) => this.#onMessage(message));
    this.#stream.on("error", (error: ServiceError) => this.#end(statusOfError(error, "SESSION_LOST")));
    this.#stream.on("status", (status: StatusObject) => {
      if (status.code === Status.OK) this.#end(undefined);
    });
    this.#writer.push({
      kind: "open",
      module: options.module,
      resumable: false,
      token: "",
      received: 0,
      stateless: true,
    });
  }

  get maxInFlight(): number {
    return this.#maxInFlight;
  }

  get inFlight(): number {
    return this.#calls.size;
  }

  call(request: Buffer, options: CallOptions, done: Done): Call {
    return this.#start(request, options, { done }, false, 0);
  }

  stream(request: Buffer, options: StreamOptions, sink: StreamSink): StreamCall {
    return this.#start(request, options, { sink }, true, options.credit);
  }

  close(): void {
    this.#closing = true;
    this.#endWhenIdle();
  }

  destroy(): void {
    if (this.#ended) return;
    this.#closing = true;
    this.#stream.cancel();
    this.#end(undefined);
  }

  push(frame: ClientFrame): void {
    if (this.#isOpen) {
      this.#writer.push(frame);
    } else if (!this.#ended) {
      this.#early.push(frame);
      this.#earlyBytes += clientFrameSize(frame);
    }
  }

  #start(
    request: Buffer,
    options: CallOptions,
    answer: { done: Done } | { sink: StreamSink },
    stream: boolean,
    credit: number,
  ): PendingCall {
    const id = ++this.#lastId;
    const timeoutMs =
      options.timeoutMs === undefined ? 0 : Math.min(Math.max(1, Math.ceil(options.timeoutMs)), 0xffff_ffff);
    const deadline = timeoutMs === 0 ? 0 : performance.now() + timeoutMs;
    const call = new PendingCall(id, deadline, answer, this);
    const refusal = this.#refuse(request.length);
    if (refusal !== undefined) {
      queueMicrotask(() => call.fail(refusal));
      return call;
    }
    this.#calls.set(id, call);
    this.push({
      kind: "call",
      id,
      request,
      timeoutMs,
      traceparent: options.traceparent ?? "",
      stream,
      credit: Math.min(credit, 0xffff_ffff),
    });
    return call;
  }

  #refuse(bytes: number): RpcStatus | undefined {
    if (this.#ended || this.#closing)
      return rpcStatus(Status.UNAVAILABLE, "SESSION_CLOSED", "The session is closed", { retryAfterMs: 100 });
    if (this.#draining)
      return rpcStatus(Status.UNAVAILABLE, "DRAINING", "The pod takes no new calls", { retryAfterMs: 100 });
    if (bytes > this.#maxMessageBytes)
      return rpcStatus(
        Status.RESOURCE_EXHAUSTED,
        "MESSAGE_TOO_LARGE",
        `The request has ${bytes} bytes; at most ${this.#maxMessageBytes} are allowed`,
      );
    if (this.#calls.size >= this.#maxInFlight)
      return rpcStatus(
        Status.RESOURCE_EXHAUSTED,
        "TOO_MANY_CALLS",
        `${this.#maxInFlight} calls are in flight on this session already`,
        { retryAfterMs: 100 },
      );
    const pending = this.#writer.pendingBytes + this.#earlyBytes;
    if (pending > 0 && pending + bytes > PENDING_MESSAGES * this.#maxMessageBytes)
      return rpcStatus(
        Status.RESOURCE_EXHAUSTED,
        "SESSION_CONGESTED",
        `${pending} bytes of requests wait to be sent`,
        {
          retryAfterMs: 100,
        },
      );
    return undefined;
  }

  #take(frame: ClientFrame): ClientFrame | undefined {
    if (frame.kind !== "call") return frame;
    const sent = this.#calls.get(frame.id)?.handOver(frame);
    if (sent === undefined) {
      this.#calls.delete(frame.id);
      this.#endWhenIdle();
    }
    return sent;
  }

  #onMessage(message: Buffer): void {
    try {
      decodeServerFrames(message, (frame) => this.#onFrame(frame));
    } catch (error) {
      if (!(error instanceof StatusError)) throw error;
      this.#stream.cancel();
      this.#end(toStatus(error));
    }
  }

  #onFrame(frame: ServerFrame | UnknownFrame): void {
    if (this.#ended) return;
    switch (frame.kind) {
      case "result": {
        const call = this.#finish(frame.id);
        call?.receive(frame);
        break;
      }
      case "item":
        this.#calls.get(frame.id)?.receive(frame);
        break;
      case "end":
        this.#finish(frame.id)?.receiveEnd();
        break;
      case "error": {
        const status =
          decodeStatus(frame.body) ??
          rpcStatus(Status.INTERNAL, "MALFORMED_MESSAGE", "An error without a readable status");
        if (frame.id !== 0) {
          this.#finish(frame.id)?.fail(status);
        } else {
          this.#stream.cancel();
          this.#end(status);
        }
        break;
      }
      case "opened":
        this.#onOpened(frame.maxInFlight);
        break;
      case "draining":
        this.#draining = true;
        this.#options.onDraining?.(frame.graceMs);
        break;
      case "unknown":
        break;
    }
    this.#endWhenIdle();
  }

  #finish(id: number): PendingCall | undefined {
    const call = this.#calls.get(id);
    this.#calls.delete(id);
    return call;
  }

  #onOpened(maxInFlight: number): void {
    if (this.#isOpen) return;
    this.#isOpen = true;
    this.#maxInFlight = maxInFlight;
    const early = this.#early;
    this.#early = [];
    this.#earlyBytes = 0;
    for (const frame of early) this.#writer.push(frame);
    this.#settleOpened.resolve();
  }

  #endWhenIdle(): void {
    if (this.#closing && !this.#ended && this.#calls.size === 0) this.#stream.end();
  }

  #end(cause: RpcStatus | undefined): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#writer.stop();
    this.#early = [];
    this.#earlyBytes = 0;
    this.#client.close();
    const asked = this.#closing || this.#draining;
    const reported =
      cause ??
      (asked ? undefined : rpcStatus(Status.UNAVAILABLE, "SESSION_LOST", "The pod ended the session"));
    const words = reported?.message ?? "the session was closed";
    this.#settleOpened.reject(
      new StatusError(reported ?? rpcStatus(Status.CANCELLED, "SESSION_CLOSED", "The session was closed")),
    );
    const lost = [...this.#calls.values()];
    this.#calls.clear();
    for (const call of lost) call.lose(words);
    this.#options.onClosed?.(reported);
  }
}
