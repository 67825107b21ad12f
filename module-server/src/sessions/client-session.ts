import type { ServerDuplexStream } from "@grpc/grpc-js";
import { type RpcStatus, rpcStatus, StatusError, statusError, toStatus } from "@podule/grpc";
import { CallResponse } from "@podule/proto/podule/v1/calls.ts";
import { type ClientFrame, decodeClientFrames, type OpenFrame, type UnknownFrame } from "@podule/session";
import { Status } from "nice-grpc-common";
import { Call, type Caller } from "../calls/call.ts";
import type { ItemFlow } from "../calls/item-flow.ts";
import { encodeStatus } from "../status-bytes.ts";
import type { SessionTrace } from "../telemetry/call-telemetry.ts";
import type { SessionTracer } from "../telemetry/session-tracer.ts";
import type { CallPool } from "../workers/call-pool.ts";
import type { Worker } from "../workers/worker.ts";
import type { SessionOfWorker } from "../workers/worker-listener.ts";
import { ClientCallbacks } from "./client-callbacks.ts";
import { ClientCalls } from "./client-calls.ts";
import { Grace } from "./grace.ts";
import { type Lease, LeasedCaller } from "./leased-caller.ts";
import { Outbox } from "./outbox.ts";
import { EXPIRED, MAX_IN_FLIGHT, moved, sessionLost, violation } from "./session-errors.ts";
import { SessionStream } from "./session-stream.ts";

/** Ids of calls without a stream: beyond those that the client and the worker give. */
const FIRST_LEASED = 2 ** 50;
const MOST_LEASED = 2 ** 50;

export interface ClientSessionOptions {
  readonly token: string;
  readonly pool: CallPool;
  readonly worker: Worker;
  readonly graceMs: number;
  readonly maxMessageBytes: number;
  readonly tracer: SessionTracer;
  /** It is over: forget it. */
  readonly onEnd: (session: ClientSession) => void;
}

/** A client's session: its calls, and what it was not yet told. Outlives its streams by the grace time; ends with its worker. */
export class ClientSession implements Lease, SessionOfWorker {
  readonly tokenResponse: Buffer;
  readonly number: number;
  readonly worker: Worker;
  readonly #options: ClientSessionOptions;
  readonly #outbox = new Outbox(true);
  readonly #calls: ClientCalls;
  readonly #callbacks: ClientCallbacks;
  readonly #grace: Grace;
  readonly #trace: SessionTrace = { span: undefined };
  #lastLease = 0;
  /** A stream has opened it. */
  #opened = false;
  #finishing = false;
  #ended = false;

  constructor(options: ClientSessionOptions) {
    const { worker, token } = options;
    this.#options = options;
    this.tokenResponse = Buffer.from(CallResponse.encode({ result: undefined, session: token }).finish());
    this.worker = worker;
    this.number = worker.openSession(this);
    this.#calls = new ClientCalls({
      pool: options.pool,
      worker,
      session: this.number,
      outbox: this.#outbox,
      trace: this.#trace,
      onAnswer: () => {
        if (this.#finishing) this.#endWhenIdle();
      },
    });
    this.#callbacks = new ClientCallbacks(worker);
    this.#grace = new Grace(options.graceMs, () => this.close(EXPIRED));
  }

  /** A stream opens the session, or goes on with it; an older one moves away. Throws a StatusError. */
  attach(stream: ServerDuplexStream<Buffer, Buffer>, open: OpenFrame, first: Buffer): void {
    const outbox = this.#outbox;
    if (this.#ended || this.#finishing) throw sessionLost();
    if (this.#opened && !outbox.resumable)
      throw statusError(
        Status.FAILED_PRECONDITION,
        "SESSION_NOT_RESUMABLE",
        "The session was not opened as resumable: it lives on the stream that opened it",
      );
    if (!outbox.log.acknowledge(open.received)) throw notSent(open.received);
    if (!this.#opened) outbox.resumable = open.resumable;
    this.#opened = true;
    this.#grace.hold();
    const older = outbox.stream;
    outbox.stream = undefined;
    const detach = this.#options.tracer.attach(this.#trace, stream);
    if (older !== undefined) this.#grace.release();
    older?.abandon(moved());
    const current: SessionStream = new SessionStream(stream, {
      received: () => (outbox.resumable ? outbox.log.received : 0),
      message: (message) => this.#onMessage(message),
      drained: () => this.#pump(),
      ended: () => this.#finish(),
      gone: () => {
        detach();
        if (outbox.stream === current) this.#onStreamGone();
      },
    });
    outbox.stream = current;
    current.push({
      kind: "opened",
      maxInFlight: MAX_IN_FLIGHT,
      token: this.#options.token,
      received: outbox.log.received,
      graceMs: outbox.resumable ? this.#options.graceMs : 0,
    });
    for (const frame of outbox.log.unacknowledged()) current.push(frame);
    current.begin(() => this.#onMessage(first, open), first.length);
  }

  drain(graceMs: number): void {
    this.#outbox.stream?.push({ kind: "draining", graceMs });
  }

  /** Everything is dropped; the client, where it is there, is told why. */
  close(status: RpcStatus | undefined): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#grace.stop();
    this.#options.onEnd(this);
    this.#outbox.closing = true;
    this.#calls.close();
    this.#callbacks.close();
    this.worker.closeSession(this);
    const { stream } = this.#outbox;
    if (status !== undefined) {
      this.#outbox.pour();
      stream?.push({ kind: "error", id: 0, body: encodeStatus(status) });
    }
    this.#outbox.stream = undefined;
    stream?.end(status === undefined ? undefined : new StatusError(status));
  }

  /** The worker has died; the running calls have been told. */
  lost(cause: RpcStatus): void {
    this.close(
      rpcStatus(Status.ABORTED, "SESSION_LOST", `The session is lost with its objects: ${cause.message}`, {
        metadata: { cause: cause.message },
      }),
    );
  }

  // --- calls without a stream

  /** A call that names the session: it lives at least until that has ended, and the grace time more. */
  lease(caller: Caller, request: Buffer, due: number, flow?: ItemFlow): Call {
    this.#grace.hold();
    this.#lastLease = (this.#lastLease % MOST_LEASED) + 1;
    const call = new Call(new LeasedCaller(caller, this), FIRST_LEASED + this.#lastLease, request, due, flow);
    call.pin = { worker: this.worker, session: this.number, transfer: undefined };
    return call;
  }

  leaseEnded(): void {
    this.#grace.release();
  }

  get maxMessageBytes(): number {
    return this.#options.maxMessageBytes;
  }

  pull(call: Call, bytes: number): void {
    this.worker.pull(call.linkId, bytes);
  }

  refuse(call: Call, bytes: number): void {
    this.#options.pool.oversize(call, false, bytes);
  }

  // --- what the worker sends besides answers

  callback(id: number, callee: number, request: Buffer): void {
    this.#callbacks.add(id);
    this.#outbox.send({ kind: "callback", id, function: callee, request });
  }

  callbackChunked(linkId: number, id: number, total: number): void {
    this.#calls.bodyReady(linkId, id, true, total);
  }

  callbackPiece(linkId: number, data: Buffer): void {
    this.#calls.bodyPiece(linkId, data);
  }

  roomAtWorker(): void {
    this.#outbox.stream?.resume();
  }

  // --- frames of the client

  /** `open`: the message is the first of its stream and begins with it. */
  #onMessage(message: Buffer, open?: OpenFrame): void {
    let opening = open !== undefined;
    try {
      const received = decodeClientFrames(message, (frame) => {
        if (opening) opening = false;
        else this.#onFrame(frame);
      });
      if (received > 0 && !this.#outbox.log.acknowledge(received)) throw notSent(received);
    } catch (error) {
      this.close(toStatus(error));
      return;
    }
    this.#pump();
    if (!this.worker.blocked) return;
    this.#outbox.stream?.pause();
    this.worker.callAttention();
  }

  #onFrame(frame: ClientFrame | UnknownFrame): void {
    if (this.#ended) return;
    if (frame.kind === "open") throw violation("A session is opened once a stream");
    if (frame.kind === "unknown")
      throw statusError(Status.UNIMPLEMENTED, "UNKNOWN_FRAME", "This pod does not know that kind of frame");
    if (this.#outbox.resumable) this.#outbox.log.receive();
    switch (frame.kind) {
      case "call":
        this.#calls.start(frame);
        return;
      case "cancel":
        this.#calls.cancel(frame.id);
        return;
      case "credit":
        this.#calls.allow(frame.id, frame.items);
        return;
      case "chunk":
        if (frame.callback) this.#callbacks.chunk(frame);
        else this.#calls.chunk(frame);
        return;
      case "release":
        this.worker.release(this.number, frame.ids);
        return;
      case "callbackResult":
        this.#callbacks.answer(frame);
        return;
      case "close":
        this.#finish();
    }
  }

  #pump(): void {
    this.#calls.pump();
    if (this.#finishing) this.#endWhenIdle();
  }

  // --- ends

  #finish(): void {
    this.#finishing = true;
    this.#endWhenIdle();
  }

  /** The client has said that it is over: when its calls have been answered. */
  #endWhenIdle(): void {
    if (this.#calls.size === 0 && this.#outbox.empty) this.close(undefined);
  }

  #onStreamGone(): void {
    this.#outbox.stream = undefined;
    if (this.#ended) return;
    if (this.#finishing || !this.#outbox.resumable) this.close(undefined);
    else this.#grace.release();
  }
}

function notSent(received: number): StatusError {
  return violation(`The client says to have received ${received} frames, more than were sent`);
}
