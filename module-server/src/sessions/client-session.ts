import type { ServerDuplexStream } from "@grpc/grpc-js";
import { type RpcStatus, rpcStatus, StatusError, statusError, toStatus } from "@podule/grpc";
import {
  type CallFrame,
  type ChunkFrame,
  type ClientFrame,
  decodeClientFrames,
  FrameLog,
  type OpenFrame,
  type ServerFrame,
  serverFrameSize,
  type UnknownFrame,
  WINDOW_BYTES,
} from "@podule/session";
import { Status } from "nice-grpc-common";
import { Call, type Caller } from "../calls/call.ts";
import { ItemFlow } from "../calls/item-flow.ts";
import { encodeStatus, statusBytes } from "../status-bytes.ts";
import type { CallPool } from "../workers/call-pool.ts";
import type { SessionOfWorker, Worker } from "../workers/worker.ts";
import { BodiesOut } from "./bodies-out.ts";
import { BodiesIn } from "./body-in.ts";
import { LeasedCaller } from "./leased-caller.ts";
import { SessionStream } from "./session-stream.ts";

/** Calls of one session that may be in flight. */
export const MAX_IN_FLIGHT = 1024;
const RETRY_MS = 100;
const EMPTY = Buffer.alloc(0);
/** Ids of calls without a stream: beyond those that the client and the worker give. */
const FIRST_LEASED = 2 ** 50;
const MOST_LEASED = 2 ** 50;

export interface ClientSessionOptions {
  readonly token: string;
  readonly pool: CallPool;
  readonly worker: Worker;
  readonly resumable: boolean;
  readonly graceMs: number;
  readonly maxMessageBytes: number;
  /** It is over: forget it. */
  readonly onEnd: (session: ClientSession) => void;
}

/** A client's session: its calls, and what it was not yet told. Outlives its streams by the grace time; ends with its worker. */
export class ClientSession implements Caller, SessionOfWorker {
  readonly token: string;
  readonly number: number;
  readonly worker: Worker;
  readonly #options: ClientSessionOptions;
  readonly #log = new FrameLog<ServerFrame>();
  readonly #calls = new Map<number, Call>();
  readonly #callbacks = new Set<number>();
  readonly #bodiesIn: BodiesIn;
  readonly #bodiesOut: BodiesOut;
  /** What the window has no room for. */
  #outbox: ServerFrame[] = [];
  #stream: SessionStream | undefined;
  #grace: NodeJS.Timeout | undefined;
  #leased = 0;
  #finishing = false;
  #ended = false;

  constructor(options: ClientSessionOptions) {
    const { worker, token } = options;
    this.#options = options;
    this.token = token;
    this.worker = worker;
    this.number = worker.openSession(this);
    this.#bodiesIn = new BodiesIn(() => worker.nextTransfer());
    this.#bodiesOut = new BodiesOut((linkId, bytes) => worker.pull(linkId, bytes));
    this.keepAlive();
  }

  /** A stream opens the session, or goes on with it; an older one moves away. */
  attach(stream: ServerDuplexStream<Buffer, Buffer>, open: OpenFrame, first: Buffer): void {
    this.#stream?.fail(
      statusError(Status.ABORTED, "SESSION_MOVED", "The session goes on on a newer stream of its client"),
    );
    if (!this.#log.acknowledge(open.received))
      throw violation(`The client says to have received ${open.received} frames, more than were sent`);
    clearTimeout(this.#grace);
    const current: SessionStream = new SessionStream(stream, {
      received: () => (this.#options.resumable ? this.#log.received : 0),
      message: (message) => this.#onMessage(message),
      drained: () => this.#pump(),
      ended: () => this.#finish(),
      gone: () => {
        if (this.#stream === current) this.#onStreamGone();
      },
    });
    this.#stream = current;
    current.push({
      kind: "opened",
      maxInFlight: MAX_IN_FLIGHT,
      token: this.token,
      received: this.#log.received,
      graceMs: this.#options.resumable ? this.#options.graceMs : 0,
    });
    for (const frame of this.#log.unacknowledged()) current.push(frame);
    this.#onMessage(first, open);
  }

  /** A call without a stream names the session: its time begins anew. */
  keepAlive(): void {
    clearTimeout(this.#grace);
    if (this.#stream !== undefined || this.#ended) return;
    this.#grace = setTimeout(() => this.close(EXPIRED), this.#options.graceMs);
  }

  drain(graceMs: number): void {
    this.#stream?.push({ kind: "draining", graceMs });
  }

  /** Everything is dropped; the client, where it is there, is told why. */
  close(status: RpcStatus | undefined): void {
    if (this.#ended) return;
    this.#ended = true;
    clearTimeout(this.#grace);
    this.#options.onEnd(this);
    for (const call of [...this.#calls.values()]) this.#options.pool.cancel(call);
    for (const transfer of this.#bodiesIn.clear()) this.worker.dropTransfer(transfer);
    this.worker.closeSession(this);
    const stream = this.#stream;
    this.#stream = undefined;
    if (status === undefined) {
      stream?.end();
    } else {
      stream?.push({ kind: "error", id: 0, body: encodeStatus(status) });
      stream?.fail(new StatusError(status));
    }
  }

  /** The worker has died; the running calls have been told. */
  lost(cause: RpcStatus): void {
    this.close(
      rpcStatus(Status.ABORTED, "SESSION_LOST", `The session is lost with its objects: ${cause.message}`, {
        metadata: { cause: cause.message },
      }),
    );
  }

  get maxMessageBytes(): number {
    return this.#options.maxMessageBytes;
  }

  pull(call: Call, bytes: number): void {
    this.worker.pull(call.linkId, bytes);
  }

  cancel(call: Call): void {
    this.worker.stop(call, 2);
  }

  /** A call without a stream, in this session. */
  lease(caller: Caller, request: Buffer, due: number, flow?: ItemFlow): Call {
    this.keepAlive();
    this.#leased = (this.#leased % MOST_LEASED) + 1;
    const call = new Call(new LeasedCaller(caller, this), FIRST_LEASED + this.#leased, request, due, flow);
    call.pin = { worker: this.worker, session: this.number, transfer: undefined };
    return call;
  }

  // --- answers of calls

  result(call: Call, body: Buffer): void {
    this.#calls.delete(call.id);
    this.#send({ kind: "result", id: call.id, body });
    if (this.#finishing) this.#endWhenIdle();
  }

  item(call: Call, body: Buffer): void {
    this.#send({ kind: "item", id: call.id, body });
    if (this.#outbox.length > 0) call.flow?.setOpen(false);
  }

  end(call: Call): void {
    this.#calls.delete(call.id);
    this.#send({ kind: "end", id: call.id });
    if (this.#finishing) this.#endWhenIdle();
  }

  error(call: Call, body: Buffer): void {
    this.#calls.delete(call.id);
    this.#bodiesOut.drop(call.linkId);
    this.#send({ kind: "error", id: call.id, body });
    if (this.#finishing) this.#endWhenIdle();
  }

  chunked(call: Call, total: number): void {
    this.#bodiesOut.add({ linkId: call.linkId, id: call.id, callback: false, total });
    this.#bodiesOut.pump(this.#open);
  }

  // --- what the worker sends besides

  piece({ linkId }: Call, data: Buffer): void {
    this.callbackPiece(linkId, data);
  }

  callbackPiece(linkId: number, data: Buffer): void {
    const body = this.#bodiesOut.take(linkId, data.length);
    if (body === undefined) return;
    const { id, callback, total } = body;
    this.#send({ kind: "chunk", id, data, total, callback });
    this.#bodiesOut.pump(this.#open);
  }

  callbackChunked(linkId: number, id: number, total: number): void {
    this.#bodiesOut.add({ linkId, id, callback: true, total });
    this.#bodiesOut.pump(this.#open);
  }

  callback(id: number, callee: number, request: Buffer): void {
    this.#callbacks.add(id);
    this.#send({ kind: "callback", id, function: callee, request });
  }

  roomAtWorker(): void {
    this.#stream?.resume();
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
      if (received > 0 && !this.#log.acknowledge(received))
        throw violation(`The client says to have received ${received} frames, more than were sent`);
    } catch (error) {
      this.close(toStatus(error));
      return;
    }
    this.#pump();
    if (this.worker.blocked) this.#stream?.pause();
  }

  #onFrame(frame: ClientFrame | UnknownFrame): void {
    if (this.#ended) return;
    if (frame.kind === "open") throw violation("A session is opened once a stream");
    if (frame.kind === "unknown")
      throw statusError(Status.UNIMPLEMENTED, "UNKNOWN_FRAME", "This pod does not know that kind of frame");
    if (this.#options.resumable) this.#log.receive();
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
    const flow = stream ? new ItemFlow(credit) : undefined;
    if (this.#outbox.length > 0) flow?.setOpen(false);
    const call = new Call(this, id, request, due, flow);
    call.pin = { worker: this.worker, session: this.number, transfer };
    this.#calls.set(id, call);
    if (this.#calls.size > MAX_IN_FLIGHT) {
      if (transfer !== undefined) this.worker.dropTransfer(transfer);
      this.error(call, TOO_MANY_CALLS);
    } else {
      this.#options.pool.submit(call);
    }
  }

  #onChunk(frame: ChunkFrame): void {
    if (!frame.callback) {
      this.worker.chunk(this.#bodiesIn.take(frame), frame.total, frame.data);
    } else if (this.#callbacks.has(frame.id)) {
      this.worker.callbackChunk(frame.id, frame.total, frame.data);
    }
  }

  // --- frames to the client

  /** The client takes more. */
  get #open(): boolean {
    if (this.#outbox.length > 0) return false;
    if (this.#options.resumable) return this.#log.open;
    return this.#stream !== undefined && this.#stream.pendingBytes < WINDOW_BYTES;
  }

  #send(frame: ServerFrame): void {
    if (this.#ended) return;
    if (this.#open) this.#write(frame);
    else this.#outbox.push(frame);
  }

  #write(frame: ServerFrame): void {
    if (this.#options.resumable) this.#log.send(frame, serverFrameSize(frame));
    this.#stream?.push(frame);
  }

  #pump(): void {
    if (this.#outbox.length > 0) this.#empty();
    this.#bodiesOut.pump(this.#open);
    if (this.#finishing) this.#endWhenIdle();
  }

  #empty(): void {
    const waiting = this.#outbox;
    this.#outbox = [];
    let sent = 0;
    while (sent < waiting.length && this.#open) {
      const frame = waiting[sent++];
      if (frame !== undefined) this.#write(frame);
    }
    this.#outbox = waiting.slice(sent);
    if (this.#outbox.length > 0) return;
    for (const call of this.#calls.values())
      if (call.flow !== undefined) this.#options.pool.setOpen(call, true);
  }

  // --- ends

  #finish(): void {
    this.#finishing = true;
    this.#endWhenIdle();
  }

  /** The client has said that it is over: when its calls have been answered. */
  #endWhenIdle(): void {
    if (this.#calls.size === 0 && this.#outbox.length === 0) this.close(undefined);
  }

  #onStreamGone(): void {
    this.#stream = undefined;
    if (this.#ended) return;
    if (this.#finishing || !this.#options.resumable) this.close(undefined);
    else this.keepAlive();
  }
}

const EXPIRED = rpcStatus(Status.ABORTED, "SESSION_LOST", "The session was not used for its grace time");

const TOO_MANY_CALLS = statusBytes(
  Status.RESOURCE_EXHAUSTED,
  "TOO_MANY_CALLS",
  `${MAX_IN_FLIGHT} calls of the session are in flight already`,
  { retryAfterMs: RETRY_MS },
);

function violation(message: string): StatusError {
  return statusError(Status.INVALID_ARGUMENT, "PROTOCOL_VIOLATION", message);
}
