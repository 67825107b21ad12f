import { StatusError } from "@podule/grpc";
import type { CallFrame, ChunkFrame, ServerFrame } from "@podule/session";
import { Call, type Caller } from "../calls/call.ts";
import { ItemFlow } from "../calls/item-flow.ts";
import type { SessionTrace } from "../telemetry/call-telemetry.ts";
import type { CallPool } from "../workers/call-pool.ts";
import type { Worker } from "../workers/worker.ts";
import { BodiesIn, EXPIRED_BODY } from "./bodies-in.ts";
import { BodiesOut } from "./bodies-out.ts";
import type { Outbox } from "./outbox.ts";
import { BODY_EXPIRED, MAX_IN_FLIGHT, SLOW_READER, TOO_MANY_CALLS, violation } from "./session-errors.ts";

/** Items that a stream's worker may be ahead of the client, bytes. */
const AHEAD_BYTES = 64 * 1024;

export interface ClientCallsOptions {
  readonly pool: CallPool;
  readonly worker: Worker;
  /** The session's number in the worker. */
  readonly session: number;
  readonly outbox: Outbox;
  readonly trace: SessionTrace;
  /** A call has been answered. */
  readonly onAnswer: () => void;
}

/** The calls that a session's client makes on its stream, and their bodies both ways. */
export class ClientCalls implements Caller {
  readonly #options: ClientCallsOptions;
  readonly #outbox: Outbox;
  readonly #calls = new Map<number, Call>();
  readonly #bodiesIn: BodiesIn;
  readonly #bodiesOut: BodiesOut;

  constructor(options: ClientCallsOptions) {
    const { worker, outbox } = options;
    this.#options = options;
    this.#outbox = outbox;
    this.#bodiesIn = new BodiesIn(worker, () => worker.nextTransfer());
    this.#bodiesOut = new BodiesOut((linkId, bytes) => worker.pull(linkId, bytes));
  }

  /** Calls that have not been answered. */
  get size(): number {
    return this.#calls.size;
  }

  // --- what the client says

  /** Throws a StatusError where the client breaks the rules. */
  start(frame: CallFrame): void {
    const { pool, worker, session, trace } = this.#options;
    const { id, request, timeoutMs, stream, credit } = frame;
    if (id === 0 || this.#calls.has(id)) throw violation(`The id ${id} is 0 or a running call's`);
    const transfer = this.#bodiesIn.finish(id);
    const due = timeoutMs === 0 ? Number.POSITIVE_INFINITY : performance.now() + timeoutMs;
    const flow = stream ? new ItemFlow(credit, AHEAD_BYTES) : undefined;
    if (!this.#outbox.empty) flow?.setOpen(false);
    const call = new Call(this, id, request, due, flow);
    call.pin = { worker, session, transfer: transfer === EXPIRED_BODY ? undefined : transfer };
    call.traceparent = frame.traceparent;
    call.sessionLink = trace;
    if (transfer === EXPIRED_BODY) {
      call.finished = true;
      this.error(call, BODY_EXPIRED);
      return;
    }
    // What the client has not taken is in flight as it sees it.
    if (this.#calls.size + this.#outbox.waitingAnswers >= MAX_IN_FLIGHT) {
      call.finished = true;
      this.error(call, TOO_MANY_CALLS);
      if (this.#outbox.waitingAnswers > 2 * MAX_IN_FLIGHT) throw new StatusError(SLOW_READER);
    } else {
      this.#calls.set(id, call);
      pool.submit(call);
    }
    if (call.finished && transfer !== undefined) worker.dropTransfer(transfer);
  }

  cancel(id: number): void {
    const call = this.#calls.get(id);
    if (call !== undefined) this.#options.pool.cancel(call);
  }

  allow(id: number, items: number): void {
    const call = this.#calls.get(id);
    if (call !== undefined) this.#options.pool.allow(call, items);
  }

  /** Throws a StatusError where the client breaks the rules. */
  chunk(frame: ChunkFrame): void {
    const transfer = this.#bodiesIn.take(frame);
    if (transfer !== EXPIRED_BODY) this.#options.worker.chunk(transfer, frame.total, frame.data);
  }

  /** The client may take more than before. */
  pump(): void {
    if (!this.#outbox.empty) {
      this.#outbox.pump();
      if (this.#outbox.empty)
        for (const call of this.#calls.values())
          if (call.flow !== undefined) this.#options.pool.setOpen(call, true);
    }
    this.#bodiesOut.pump(this.#outbox.open);
  }

  /** Cancels all. */
  close(): void {
    const { pool } = this.#options;
    for (const call of [...this.#calls.values()]) pool.cancel(call);
    this.#bodiesIn.clear();
  }

  // --- what the worker answers

  result(call: Call, body: Buffer): void {
    this.#answer(call, { kind: "result", id: call.id, body });
  }

  item(call: Call, body: Buffer): void {
    this.#outbox.send({ kind: "item", id: call.id, body });
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
    this.#outbox.send(frame);
    this.#options.onAnswer();
  }

  chunked(call: Call, total: number): void {
    this.bodyReady(call.linkId, call.id, false, total);
  }

  /** Of a call or, with `callback`, of a callback: it is pulled as the client takes it. */
  bodyReady(linkId: number, id: number, callback: boolean, total: number): void {
    this.#bodiesOut.add({ linkId, id, callback, total });
    this.#bodiesOut.pump(this.#outbox.open);
  }

  piece({ linkId }: Call, data: Buffer): void {
    this.bodyPiece(linkId, data);
  }

  bodyPiece(linkId: number, data: Buffer): void {
    const body = this.#bodiesOut.take(linkId, data.length);
    if (body === undefined) return;
    const { id, callback, total } = body;
    this.#outbox.send({ kind: "chunk", id, data, total, callback });
    this.#bodiesOut.pump(this.#outbox.open);
  }
}
