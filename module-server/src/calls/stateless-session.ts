import type { ServerDuplexStream } from "@grpc/grpc-js";
import { rpcStatus, StatusError, statusError, toServiceError, toStatus } from "@podule/grpc";
import {
  type CallFrame,
  type ClientFrame,
  decodeClientFrames,
  FrameWriter,
  type RoutedCall,
  routedCall,
  type ServerFrame,
  serverFrameSize,
  type UnknownFrame,
  writeServerFrame,
} from "@podule/session";
import { Status } from "nice-grpc-common";
import { noStream } from "../requests/request-errors.ts";
import { encodeStatus, statusBytes } from "../status-bytes.ts";
import { Call, type Caller } from "./call.ts";
import { ItemFlow } from "./item-flow.ts";
import { type Pod, requireModule } from "./pod.ts";
import { submitRequest } from "./unary.ts";

/** Unread by the client; beyond it no more of its calls are read, and its streams wait. */
const CONGESTED_BYTES = 8 * 1024 * 1024;
const EMPTY = Buffer.alloc(0);
const codec = { size: serverFrameSize, write: writeServerFrame };

/** A stream of independent calls: each runs in whichever worker is free. */
export class StatelessSession implements Caller {
  readonly #pod: Pod;
  readonly #stream: ServerDuplexStream<Buffer, Buffer>;
  readonly #writer: FrameWriter<ServerFrame>;
  readonly #calls = new Map<number, Call>();
  /** Those of them that run in sessions, as they run there. */
  readonly #leased = new Map<number, Call>();
  /** Those that wait for a request's answer, as others may too: what takes them away. */
  readonly #joined = new Map<number, () => void>();
  #opened = false;
  #lastId = 0;
  /** The client sends no more. */
  #finishing = false;
  #closed = false;
  #congested = false;

  constructor(pod: Pod, stream: ServerDuplexStream<Buffer, Buffer>, first: Buffer) {
    this.#pod = pod;
    this.#stream = stream;
    this.#writer = new FrameWriter(stream, codec, { onDrain: () => this.#relieve() });
    pod.streams.add(this);
    stream.on("data", (message: Buffer) => this.#onMessage(message));
    stream.on("end", () => this.#finish());
    stream.on("cancelled", () => this.#close());
    stream.on("error", () => this.#close());
    stream.on("close", () => this.#close());
    this.#onMessage(first);
  }

  /**
   * Running calls may end; new ones are refused, those on the way, too: so it is the client who ends the stream, once it has
   * heard of all that it sent.
   */
  drain(graceMs: number): void {
    if (this.#closed) return;
    if (this.#opened) this.#writer.push({ kind: "draining", graceMs });
    else this.#finish();
  }

  result(call: Call, body: Buffer): void {
    this.#forget(call.id);
    this.#send({ kind: "result", id: call.id, body });
    if (this.#finishing) this.#endWhenIdle();
  }

  item(call: Call, body: Buffer): void {
    this.#send({ kind: "item", id: call.id, body });
    if (this.#congested) call.flow?.setOpen(false);
  }

  end(call: Call): void {
    this.#forget(call.id);
    this.#send({ kind: "end", id: call.id });
    if (this.#finishing) this.#endWhenIdle();
  }

  error(call: Call, body: Buffer): void {
    this.#forget(call.id);
    this.#send({ kind: "error", id: call.id, body });
    if (this.#finishing) this.#endWhenIdle();
  }

  #forget(id: number): void {
    this.#calls.delete(id);
    if (this.#leased.size > 0) this.#leased.delete(id);
    if (this.#joined.size > 0) this.#joined.delete(id);
  }

  #onMessage(message: Buffer): void {
    if (this.#closed) return;
    try {
      decodeClientFrames(message, (frame) => this.#onFrame(frame));
    } catch (error) {
      this.#fail(error);
    }
  }

  #onFrame(frame: ClientFrame | UnknownFrame): void {
    if (this.#closed) return;
    if (!this.#opened && frame.kind !== "open")
      throw violation("The first frame of a session must be `open`");
    switch (frame.kind) {
      case "open":
        if (this.#opened) throw violation("A session is opened once");
        requireModule(this.#pod, frame.module);
        this.#opened = true;
        this.#writer.push({
          kind: "opened",
          maxInFlight: this.#pod.maxInFlight,
          token: "",
          received: 0,
          graceMs: 0,
        });
        return;
      case "call":
        this.#start(frame);
        return;
      case "cancel": {
        if (this.#leave(frame.id, CANCELLED)) return;
        const call = this.#submitted(frame.id);
        if (call !== undefined) this.#pod.pool.cancel(call);
        return;
      }
      case "credit": {
        const call = this.#submitted(frame.id);
        if (call !== undefined) this.#pod.pool.allow(call, frame.items);
        return;
      }
      default:
        throw statusError(Status.UNIMPLEMENTED, "UNKNOWN_FRAME", "This pod does not know that kind of frame");
    }
  }

  #start(frame: CallFrame): void {
    if (frame.id <= this.#lastId)
      throw violation(`Ids of calls must grow: ${frame.id} came after ${this.#lastId}`);
    this.#lastId = frame.id;
    const due = frame.timeoutMs === 0 ? Number.POSITIVE_INFINITY : performance.now() + frame.timeoutMs;
    const flow = frame.stream ? new ItemFlow(frame.credit) : undefined;
    if (this.#congested) flow?.setOpen(false);
    const routed = routedCall(frame.request);
    if (routed.requestId !== "") {
      this.#join(routed, frame, due);
      return;
    }
    if (this.#pod.sessions.wants(routed)) {
      this.#startInSession(routed, frame, due, flow);
      return;
    }
    const call = new Call(this, frame.id, frame.request, due, flow);
    call.traceparent = frame.traceparent;
    this.#calls.set(frame.id, call);
    this.#pod.pool.submit(call);
  }

  /** A call without a stream of its own that names a session, or wants one. */
  #startInSession(routed: RoutedCall, frame: CallFrame, due: number, flow: ItemFlow | undefined): void {
    // Stands for the call, to be cancelled too, until its session is found.
    const waiting = new Call(this, frame.id, frame.request, due, flow);
    this.#calls.set(frame.id, waiting);
    this.#pod.sessions.of(routed).then(
      (session) => {
        if (this.#closed || this.#calls.get(frame.id) !== waiting) return;
        const call = session.lease(new Renamed(this, waiting), frame.request, due, flow);
        call.traceparent = frame.traceparent;
        this.#leased.set(frame.id, call);
        this.#pod.pool.submit(call);
      },
      (error: unknown) => this.error(waiting, encodeStatus(toStatus(error))),
    );
  }

  /** A call that is run once, however often and from where it is sent. */
  #join(routed: RoutedCall, frame: CallFrame, due: number): void {
    const waiting = new Call(this, frame.id, EMPTY, due);
    this.#calls.set(frame.id, waiting);
    const late =
      frame.timeoutMs > 0 ? setTimeout(() => this.#leave(frame.id, DEADLINE), frame.timeoutMs) : undefined;
    const waiter = {
      result: (response: Buffer) => this.result(waiting, response),
      error: (status: Buffer) => this.error(waiting, status),
    };
    this.#joined.set(frame.id, () => clearTimeout(late));
    try {
      if (frame.stream) throw noStream();
      const submit = submitRequest(this.#pod, routed, frame.request, due);
      const leave = this.#pod.requests.join(routed, frame.request, waiter, submit);
      if (!this.#joined.has(frame.id)) clearTimeout(late);
      else
        this.#joined.set(frame.id, () => {
          clearTimeout(late);
          leave();
        });
    } catch (error) {
      clearTimeout(late);
      this.error(waiting, encodeStatus(toStatus(error)));
    }
  }

  /** A call that others may wait for too goes on without this caller. False: it is none. */
  #leave(id: number, status: Buffer): boolean {
    const leave = this.#joined.get(id);
    const waiting = this.#calls.get(id);
    if (leave === undefined || waiting === undefined) return false;
    leave();
    this.error(waiting, status);
    return true;
  }

  /** The call that was submitted to the pool under the client's id. */
  #submitted(id: number): Call | undefined {
    return this.#leased.get(id) ?? this.#calls.get(id);
  }

  #send(frame: ServerFrame): void {
    if (this.#closed) return;
    this.#writer.push(frame);
    const unread = this.#writer.pendingBytes;
    if (unread <= CONGESTED_BYTES) return;
    if (unread > this.#pod.maxUnreadBytes) {
      const words = `The client has left ${unread} bytes of results unread`;
      this.#fail(statusError(Status.RESOURCE_EXHAUSTED, "SLOW_READER", words));
    } else if (!this.#congested && this.#writer.blocked) {
      this.#congested = true;
      this.#stream.pause();
      this.#pod.pool.hold(this);
    }
  }

  #relieve(): void {
    if (this.#finishing) this.#endWhenIdle();
    if (!this.#congested || this.#closed) return;
    this.#congested = false;
    this.#stream.resume();
    this.#pod.pool.release(this);
    for (const id of this.#calls.keys()) {
      const call = this.#submitted(id);
      if (call?.flow !== undefined) this.#pod.pool.setOpen(call, true);
    }
  }

  #finish(): void {
    this.#finishing = true;
    this.#endWhenIdle();
  }

  #endWhenIdle(): void {
    if (this.#closed || this.#calls.size > 0) return;
    this.#writer.flush();
    if (this.#writer.pendingBytes > 0) return;
    this.#depart();
    this.#stream.end();
  }

  /** Ends the session with an error, which its calls get too. */
  #fail(error: unknown): void {
    if (this.#closed) return;
    const status = toStatus(error);
    this.#writer.push({ kind: "error", id: 0, body: encodeStatus(status) });
    this.#writer.flush();
    this.#close();
    this.#stream.emit("error", toServiceError(new StatusError(status)));
  }

  #close(): void {
    if (this.#closed) return;
    this.#closed = true;
    for (const leave of this.#joined.values()) leave();
    for (const id of [...this.#calls.keys()]) {
      if (this.#joined.has(id)) continue;
      const call = this.#submitted(id);
      if (call !== undefined) this.#pod.pool.cancel(call);
    }
    this.#calls.clear();
    this.#depart();
  }

  #depart(): void {
    this.#closed = true;
    if (this.#congested) this.#pod.pool.release(this);
    this.#writer.stop();
    this.#pod.streams.delete(this);
  }
}

/** The answers of a call that runs under another id. */
class Renamed implements Caller {
  readonly #caller: Caller;
  readonly #call: Call;

  constructor(caller: Caller, call: Call) {
    this.#caller = caller;
    this.#call = call;
  }

  result(_call: Call, response: Buffer): void {
    this.#caller.result(this.#call, response);
  }

  item(_call: Call, response: Buffer): void {
    this.#caller.item(this.#call, response);
  }

  end(): void {
    this.#caller.end(this.#call);
  }

  error(_call: Call, status: Buffer): void {
    this.#caller.error(this.#call, status);
  }
}

function violation(message: string): StatusError {
  return new StatusError(rpcStatus(Status.INVALID_ARGUMENT, "PROTOCOL_VIOLATION", message));
}

const CANCELLED = statusBytes(Status.CANCELLED, "CANCELLED", "The call was cancelled");
const DEADLINE = statusBytes(
  Status.DEADLINE_EXCEEDED,
  "DEADLINE_EXCEEDED",
  "The deadline passed before the call had ended",
);
