import type { ServerDuplexStream } from "@grpc/grpc-js";
import { type RpcStatus, rpcStatus, StatusError, statusError, toStatus } from "@podule/grpc";
import { CallResponse } from "@podule/proto/podule/v1/calls.ts";
import {
  type CallFrame,
  type ChunkFrame,
  type ClientFrame,
  decodeClientFrames,
  type OpenFrame,
  type ServerFrame,
  type UnknownFrame,
} from "@podule/session";
import { Status } from "nice-grpc-common";
import { Call, type Caller } from "../calls/call.ts";
import { ItemFlow } from "../calls/item-flow.ts";
import { encodeStatus } from "../status-bytes.ts";
import type { CallPool } from "../workers/call-pool.ts";
import type { SessionOfWorker, Worker } from "../workers/worker.ts";
import { BodiesIn } from "./bodies-in.ts";
import { BodiesOut } from "./bodies-out.ts";
import { LeasedCaller } from "./leased-caller.ts";
import { Outbox } from "./outbox.ts";
import {
  EXPIRED,
  MAX_IN_FLIGHT,
  moved,
  SLOW_READER,
  sessionLost,
  TOO_MANY_CALLS,
  violation,
} from "./session-errors.ts";
import { SessionStream } from "./session-stream.ts";

const EMPTY = Buffer.alloc(0);
/** Ids of calls without a stream: beyond those that the client and the worker give. */
const FIRST_LEASED = 2 ** 50;
const MOST_LEASED = 2 ** 50;
/** Items that a stream's worker may be ahead of the client, bytes. */
const AHEAD_BYTES = 64 * 1024;

export interface ClientSessionOptions {
  readonly token: string;
  readonly pool: CallPool;
  readonly worker: Worker;
  readonly graceMs: number;
  readonly maxMessageBytes: number;
  /** It is over: forget it. */
  readonly onEnd: (session: ClientSession) => void;
}

/** A client's session: its calls, and what it was not yet told. Outlives its streams by the grace time; ends with its worker. */
export class ClientSession implements Caller, SessionOfWorker {
  readonly tokenResponse: Buffer;
  readonly number: number;
  readonly worker: Worker;
  readonly #options: ClientSessionOptions;
  readonly #outbox = new Outbox(true);
  readonly #calls = new Map<number, Call>();
  readonly #callbacks = new Set<number>();
  readonly #bodiesIn: BodiesIn;
  readonly #callbackBodiesIn: BodiesIn;
  readonly #bodiesOut: BodiesOut;
  #grace: NodeJS.Timeout | undefined;
  #lastLease = 0;
  /** Calls without a stream that have not ended. */
  #leases = 0;
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
    this.#bodiesIn = new BodiesIn(() => worker.nextTransfer());
    this.#callbackBodiesIn = new BodiesIn((id) => worker.transferOfCallback(id));
    this.#bodiesOut = new BodiesOut((linkId, bytes) => worker.pull(linkId, bytes));
    this.#awaitUse();
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
    clearTimeout(this.#grace);
    const older = outbox.stream;
    outbox.stream = undefined;
    older?.abandon(moved());
    const current: SessionStream = new SessionStream(stream, {
      received: () => (outbox.resumable ? outbox.log.received : 0),
      message: (message) => this.#onMessage(message),
      drained: () => this.#pump(),
      ended: () => this.#finish(),
      gone: () => {
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
    clearTimeout(this.#grace);
    this.#options.onEnd(this);
    for (const call of [...this.#calls.values()]) this.#options.pool.cancel(call);
    for (const transfer of this.#bodiesIn.clear()) this.worker.dropTransfer(transfer);
    for (const transfer of this.#callbackBodiesIn.clear()) this.worker.dropTransfer(transfer);
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
    clearTimeout(this.#grace);
    this.#leases++;
    this.#lastLease = (this.#lastLease % MOST_LEASED) + 1;
    const call = new Call(new LeasedCaller(caller, this), FIRST_LEASED + this.#lastLease, request, due, flow);
    call.pin = { worker: this.worker, session: this.number, transfer: undefined };
    return call;
  }

  leaseEnded(): void {
    this.#leases--;
    this.#awaitUse();
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

  // --- answers of calls

  result(call: Call, body: Buffer): void {
    this.#answer(call, { kind: "result", id: call.id, body });
  }

  item(call: Call, body: Buffer): void {
    this.#send({ kind: "item", id: call.id, body });
    if (!this.#outbox.empty) call.flow?.setOpen(false);
  }

  end(call: Call): void {
    this.#answer(call, { kind: "end", id: call.id });
  }

  error(call: Call, body: Buffer): void {
    this.#bodiesOut.drop(call.linkId);
    this.#answer(call, { kind: "error", id: call.id, body });
  }

  #answer(call: Call, frame: ServerFrame): void {
    this.#calls.delete(call.id);
    this.#send(frame);
    if (this.#finishing) this.#endWhenIdle();
  }

  chunked(call: Call, total: number): void {
    this.#bodiesOut.add({ linkId: call.linkId, id: call.id, callback: false, total });
    this.#bodiesOut.pump(this.#outbox.open);
  }

  piece({ linkId }: Call, data: Buffer): void {
    this.callbackPiece(linkId, data);
  }

  // --- what the worker sends besides

  callbackPiece(linkId: number, data: Buffer): void {
    const body = this.#bodiesOut.take(linkId, data.length);
    if (body === undefined) return;
    const { id, callback, total } = body;
    this.#send({ kind: "chunk", id, data, total, callback });
    this.#bodiesOut.pump(this.#outbox.open);
  }

  callbackChunked(linkId: number, id: number, total: number): void {
    this.#bodiesOut.add({ linkId, id, callback: true, total });
    this.#bodiesOut.pump(this.#outbox.open);
  }

  callback(id: number, callee: number, request: Buffer): void {
    this.#callbacks.add(id);
    this.#send({ kind: "callback", id, function: callee, request });
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
        this.#start(frame);
        return;
      case "cancel": {
        const call = this.#calls.get(frame.id);
        if (call !== undefined) this.#options.pool.cancel(call);
        return;
      }
      case "credit": {
        const call = this.#calls.get(frame.id);
        if (call !== undefined) this.#options.pool.allow(call, frame.items);
        return;
      }
      case "chunk":
        this.#onChunk(frame);
        return;
      case "release":
        this.worker.release(this.number, frame.ids);
        return;
      case "callbackResult":
        this.#callbackBodiesIn.finish(frame.id);
        if (this.#callbacks.delete(frame.id))
          this.worker.answerCallback(
            frame.id,
            frame.error === undefined,
            frame.error ?? frame.response ?? EMPTY,
          );
        return;
      case "close":
        this.#finish();
    }
  }

  #start(frame: CallFrame): void {
    const { id, request, timeoutMs, stream, credit } = frame;
    if (id === 0 || this.#calls.has(id)) throw violation(`The id ${id} is 0 or a running call's`);
    const transfer = this.#bodiesIn.finish(id);
    const due = timeoutMs === 0 ? Number.POSITIVE_INFINITY : performance.now() + timeoutMs;
    const flow = stream ? new ItemFlow(credit, AHEAD_BYTES) : undefined;
    if (!this.#outbox.empty) flow?.setOpen(false);
    const call = new Call(this, id, request, due, flow);
    call.pin = { worker: this.worker, session: this.number, transfer };
    // What the client has not taken is in flight as it sees it.
    if (this.#calls.size + this.#outbox.waitingAnswers >= MAX_IN_FLIGHT) {
      call.finished = true;
      this.error(call, TOO_MANY_CALLS);
      if (this.#outbox.waitingAnswers > 2 * MAX_IN_FLIGHT) throw new StatusError(SLOW_READER);
    } else {
      this.#calls.set(id, call);
      this.#options.pool.submit(call);
    }
    if (call.finished && transfer !== undefined) this.worker.dropTransfer(transfer);
  }

  #onChunk(frame: ChunkFrame): void {
    if (!frame.callback) this.worker.chunk(this.#bodiesIn.take(frame), frame.total, frame.data);
    else if (this.#callbacks.has(frame.id))
      this.worker.chunk(this.#callbackBodiesIn.take(frame), frame.total, frame.data);
  }

  // --- frames to the client

  #send(frame: ServerFrame): void {
    if (!this.#ended) this.#outbox.send(frame);
  }

  #pump(): void {
    const outbox = this.#outbox;
    if (!outbox.empty) {
      outbox.pump();
      if (outbox.empty)
        for (const call of this.#calls.values())
          if (call.flow !== undefined) this.#options.pool.setOpen(call, true);
    }
    this.#bodiesOut.pump(outbox.open);
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
    else this.#awaitUse();
  }

  /** Without a stream and without a call that names it, it has the grace time left. */
  #awaitUse(): void {
    clearTimeout(this.#grace);
    if (this.#ended || this.#leases > 0 || this.#outbox.stream !== undefined) return;
    this.#grace = setTimeout(() => this.close(EXPIRED), this.#options.graceMs);
  }
}

function notSent(received: number): StatusError {
  return violation(`The client says to have received ${received} frames, more than were sent`);
}
