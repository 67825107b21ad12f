import { StatusError, toStatus } from "@podule/grpc";
import { decodeStatus } from "@podule/session";
import { Status } from "nice-grpc-common";
import { type Call, type Caller, detach } from "../calls/call.ts";
import { statusBytes } from "../status-bytes.ts";
import type { CallTelemetry } from "../telemetry/call-telemetry.ts";
import { CallQueue } from "./call-queue.ts";
import { Deadlines } from "./deadlines.ts";
import { chooseWorker, fewestSessions, workersToRecall } from "./dispatch-policy.ts";
import { Kind } from "./link-codec.ts";
import { wasStarted } from "./progress.ts";
import type { Worker } from "./worker.ts";
import type { FinalKind, WorkerListener } from "./worker-listener.ts";

/** What a call gets, told to end, before its worker is killed. */
const STOP_GRACE_MS = 2000;
const STOP_LOOK_MS = 500;
const TICK_MS = 10;
const EMPTY = Buffer.alloc(0);
const RETRY_MS = 100;

export interface CallPoolOptions {
  readonly maxInFlight: number;
  readonly maxMessageBytes: number;
  /** Bytes of requests that are kept at once. */
  readonly maxBytes: number;
  readonly telemetry: CallTelemetry;
  /** `size` has changed. */
  readonly onSize?: () => void;
}

/** All calls in the pod: those that wait, and those with the workers. Each one is answered once, and run at most once. */
export class CallPool implements Omit<WorkerListener, "closed" | "served" | "stuck"> {
  readonly #options: CallPoolOptions;
  readonly #workers = new Set<Worker>();
  /** Of one session each. */
  readonly #sessionWorkers = new Set<Worker>();
  readonly #queue = new CallQueue();
  readonly #deadlines = new Deadlines<Call>((call) => this.#onDue(call));
  #size = 0;
  #bytes = 0;
  #ticker: NodeJS.Timeout | undefined;
  #refusal: Buffer | undefined;
  #whenIdle: (() => void) | undefined;
  readonly #awaitWorker = new Set<PromiseWithResolvers<void>>();

  constructor(options: CallPoolOptions) {
    this.#options = options;
  }

  /** Calls that are not finished. */
  get size(): number {
    return this.#size;
  }

  submit(call: Call): void {
    this.#options.telemetry.begin(call);
    const { pin } = call;
    const refused = pin === undefined ? this.#refusal : this.#has(pin.worker) ? undefined : WORKER_GONE;
    const refusal = refused ?? this.#admit(call.bytes);
    if (refusal !== undefined) {
      call.finished = true;
      this.#answerError(call, refusal);
      return;
    }
    this.#size++;
    this.#options.onSize?.();
    this.#bytes += call.bytes;
    this.#deadlines.add(call);
    if (pin !== undefined) {
      pin.worker.send(call);
      call.request = EMPTY;
      return;
    }
    const mayRun = this.#queue.size === 0 && !this.#queue.isHeld(call.caller);
    const free = mayRun ? chooseWorker(this.#workers) : undefined;
    if (free !== undefined) {
      free.send(call);
    } else {
      call.request = detach(call.request);
      this.#queue.add(call);
    }
    if (this.#ticker === undefined && this.#workers.size > 1)
      this.#ticker = setInterval(() => this.#tick(), TICK_MS);
  }

  /** The caller wants no answer any more; it gets one all the same. */
  cancel(call: Call): void {
    if (call.answered) return;
    this.#answerError(call, CANCELLED);
    this.#stop(call, 2);
  }

  /** The deadline has passed, as the caller's clock has it. */
  expire(call: Call): void {
    if (!call.answered) this.#onDue(call);
  }

  /** The reader of a stream allows more items. */
  allow(call: Call, items: number): void {
    call.flow?.allow(items);
    this.#grant(call);
  }

  /** Whether the reader of a stream takes what is sent to it. */
  setOpen(call: Call, open: boolean): void {
    call.flow?.setOpen(open);
    if (open) this.#grant(call);
  }

  /** The caller takes no answers at the moment: none of its calls is begun. */
  hold(caller: Caller): void {
    this.#queue.hold(caller);
  }

  release(caller: Caller): void {
    this.#queue.release(caller);
    this.#dispatch();
  }

  add(worker: Worker): void {
    this.#workers.add(worker);
    this.#wakeSessions();
    this.#dispatch();
  }

  /** A worker that runs the calls of one session alone. */
  addForSession(worker: Worker): void {
    this.#sessionWorkers.add(worker);
  }

  #has(worker: Worker): boolean {
    return this.#workers.has(worker) || this.#sessionWorkers.has(worker);
  }

  /** The worker is gone: what it had not started waits for another. Returns what it may have run, to be failed. */
  remove(worker: Worker): Call[] {
    this.#workers.delete(worker);
    this.#sessionWorkers.delete(worker);
    const { progress } = worker;
    const started: Call[] = [];
    for (const call of worker.calls.values()) {
      call.worker = undefined;
      if (call.answered) this.#finish(call);
      else if (call.pin !== undefined || wasStarted(call.linkId, progress)) started.push(call);
      else this.#putBack(call);
    }
    worker.calls.clear();
    this.#dispatch();
    return started;
  }

  fail(calls: Iterable<Call>, status: Buffer): void {
    for (const call of calls) {
      if (!call.answered) this.#answerError(call, status);
      this.#finish(call);
    }
  }

  /** Answers all that wait for a worker. */
  failWaiting(status: Buffer): void {
    this.fail(this.#queue.clear(), status);
    for (const waiting of this.#awaitWorker) waiting.reject(errorOf(status));
    this.#awaitWorker.clear();
  }

  /** The worker that has the fewest sessions; waited for where there is none yet. Rejects with a StatusError. */
  async workerForSession(): Promise<Worker> {
    for (;;) {
      this.checkOpen();
      const best = fewestSessions(this.#workers);
      if (best !== undefined) return best;
      const waiting = Promise.withResolvers<void>();
      this.#awaitWorker.add(waiting);
      await waiting.promise;
    }
  }

  /** Throws a StatusError where new calls are refused. */
  checkOpen(): void {
    if (this.#refusal !== undefined) throw errorOf(this.#refusal);
  }

  /** Answers every call. */
  failAll(status: Buffer): void {
    this.failWaiting(status);
    for (const worker of [...this.#workers, ...this.#sessionWorkers])
      this.fail([...worker.calls.values()], status);
  }

  /** From now on, every new call is answered by this. */
  refuse(status: Buffer): void {
    this.#refusal = status;
    this.#wakeSessions();
  }

  #wakeSessions(): void {
    for (const waiting of this.#awaitWorker) waiting.resolve();
    this.#awaitWorker.clear();
  }

  /** Resolves when no caller waits for an answer. */
  idle(): Promise<void> {
    if (this.#size === 0) return Promise.resolve();
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#whenIdle = resolve;
    return promise;
  }

  close(): void {
    clearInterval(this.#ticker);
    this.#deadlines.clear();
  }

  item(call: Call, payload: Buffer): void {
    call.flow?.received(payload.length);
    if (call.answered) return;
    call.caller.item(call, payload);
    this.#grant(call);
  }

  final(call: Call, kind: FinalKind, payload: Buffer): void {
    this.#finish(call);
    if (call.answered) return;
    if (kind === Kind.ERROR) {
      this.#answerError(call, payload);
      return;
    }
    this.#answer(call);
    this.#options.telemetry.succeeded(call, payload.length);
    if (kind === Kind.RESULT) call.caller.result(call, payload);
    else call.caller.end(call);
  }

  oversize(call: Call, final: boolean, bytes: number): void {
    if (!call.answered) {
      const words = `The result has ${bytes} bytes; at most ${this.#options.maxMessageBytes} are allowed`;
      this.#answerError(call, statusBytes(Status.RESOURCE_EXHAUSTED, "RESULT_TOO_LARGE", words));
    }
    if (final) this.#finish(call);
    else this.#stop(call, 2);
  }

  chunked(call: Call, total: number): void {
    if (!call.answered) call.caller.chunked?.(call, total);
  }

  piece(call: Call, data: Buffer): void {
    if (call.answered) return;
    this.#options.telemetry.piece(call, "out", data.length);
    call.caller.piece?.(call, data);
  }

  times(call: Call, payload: Buffer): void {
    this.#options.telemetry.times(call, payload);
  }

  sending(call: Call, worker: Worker): string | undefined {
    return this.#options.telemetry.sent(call, worker.number);
  }

  recalled(call: Call): void {
    if (call.answered) this.#finish(call);
    else this.#putBack(call);
  }

  room(): void {
    this.#dispatch();
  }

  #admit(bytes: number): Buffer | undefined {
    const { maxInFlight, maxBytes } = this.#options;
    if (this.#size >= maxInFlight)
      return statusBytes(
        Status.RESOURCE_EXHAUSTED,
        "TOO_MANY_CALLS",
        `${maxInFlight} calls are in flight already`,
        {
          retryAfterMs: RETRY_MS,
        },
      );
    if (this.#bytes > 0 && this.#bytes + bytes > maxBytes)
      return statusBytes(
        Status.RESOURCE_EXHAUSTED,
        "TOO_MANY_BYTES",
        `${this.#bytes} bytes of requests are in flight already; at most ${maxBytes} are allowed`,
        { retryAfterMs: RETRY_MS },
      );
    return undefined;
  }

  #putBack(call: Call): void {
    call.flow?.reset();
    call.request = detach(call.request);
    this.#queue.putBack(call);
  }

  #dispatch(): void {
    for (let call = this.#queue.first(); call !== undefined; call = this.#queue.first()) {
      const worker = chooseWorker(this.#workers);
      if (worker === undefined) return;
      this.#queue.delete(call);
      worker.send(call);
    }
  }

  #grant(call: Call): void {
    const { worker, flow } = call;
    if (worker === undefined || flow === undefined || call.answered) return;
    const items = flow.grant();
    if (items > 0) worker.credit(call, items);
  }

  #onDue(call: Call): void {
    if (!call.answered) {
      this.#answerError(call, DEADLINE_EXCEEDED);
      this.#stop(call, 1);
      return;
    }
    const { worker } = call;
    if (worker === undefined || call.finished) return;
    if (worker.isBusyWith(call)) worker.giveUp("a call did not end within 2 s of being interrupted");
    else this.#look(call, STOP_LOOK_MS);
  }

  /** The caller is answered; the worker may still be at it. */
  #stop(call: Call, cause: 1 | 2): void {
    if (call.worker === undefined) {
      this.#queue.delete(call);
      this.#finish(call);
      return;
    }
    call.worker.stop(call, cause);
    this.#look(call, STOP_GRACE_MS);
  }

  #look(call: Call, afterMs: number): void {
    call.due = performance.now() + afterMs;
    this.#deadlines.add(call);
  }

  #answer(call: Call): void {
    call.answered = true;
    this.#deadlines.delete(call);
  }

  #answerError(call: Call, status: Buffer): void {
    this.#answer(call);
    call.caller.error(call, this.#options.telemetry.failed(call, status));
  }

  #finish(call: Call): void {
    if (call.finished) return;
    call.finished = true;
    this.#deadlines.delete(call);
    this.#size--;
    this.#options.onSize?.();
    this.#bytes -= call.bytes;
    if (this.#size > 0) return;
    clearInterval(this.#ticker);
    this.#ticker = undefined;
    this.#whenIdle?.();
  }

  #tick(): void {
    for (const worker of this.#workers) worker.tick();
    for (const worker of workersToRecall([...this.#workers], this.#queue.size)) worker.recall();
  }
}

function errorOf(status: Buffer): StatusError {
  return new StatusError(decodeStatus(status) ?? toStatus(undefined));
}

const WORKER_GONE = statusBytes(
  Status.ABORTED,
  "SESSION_LOST",
  "The session is lost with its objects: its Python process has ended",
);
const CANCELLED = statusBytes(Status.CANCELLED, "CANCELLED", "The call was cancelled");
const DEADLINE_EXCEEDED = statusBytes(
  Status.DEADLINE_EXCEEDED,
  "DEADLINE_EXCEEDED",
  "The deadline passed before the call had ended",
);
