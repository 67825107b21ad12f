import type { RpcStatus } from "@podule/grpc";
import type { Call } from "../calls/call.ts";
import { type Candidate, nextPace, windowFor } from "./dispatch-policy.ts";
import { killGroup, signal } from "./kill.ts";
import type { Link, LinkEvents } from "./link.ts";
import { Kind } from "./link-codec.ts";
import { nextLinkId, readProgress, wasStarted } from "./progress.ts";
import { Retirement, type Retiring, type Stuck } from "./retirement.ts";
import {
  CALLBACK_BYTES,
  callbackHeader,
  FIRST_CALLBACK,
  sessionCallHeader,
  uint32,
  uint64,
} from "./session-frames.ts";
import type { SessionOfWorker, WorkerListener } from "./worker-listener.ts";

const FIRST_PACE_MS = 1;
const SIGNAL_AGAIN_MS = 5;

/** One Python process that runs calls, seen from here. */
export class Worker implements LinkEvents, Candidate, Retiring {
  readonly number: number;
  readonly pid: number;
  /** Sent and not finished, in the order in which they were sent. */
  readonly calls = new Map<number, Call>();
  readonly #link: Link;
  readonly #progressFolder: string;
  readonly #listener: WorkerListener;
  readonly slots: number;
  readonly bornAt = performance.now();
  readonly #retirement = new Retirement(this);
  #killedBecause: string | undefined;
  #gone = false;
  #lastId = 0;
  #begunStreams = 0;
  #recalling = false;
  #pace = FIRST_PACE_MS;
  /** When the last answers came, or work for an idle worker. */
  #mark = 0;
  #finals = 0;
  #finalsBefore = 0;
  #finalsAtTick = -1;
  stuck = false;
  #signalAgain: NodeJS.Timeout | undefined;
  readonly #sessions = new Map<number, SessionOfWorker>();
  /** Whose large callbacks are on their way. */
  readonly #callbacks = new Map<number, SessionOfWorker>();
  #lastSession = 0;
  #lastTransfer = 0;
  /** As it last reported: objects that its sessions hold, and its resident memory. */
  objects = 0;
  residentBytes = 0;

  /** `slots`: calls that it runs at once. */
  constructor(
    number: number,
    pid: number,
    link: Link,
    progressFolder: string,
    slots: number,
    listener: WorkerListener,
  ) {
    this.number = number;
    this.pid = pid;
    this.#link = link;
    this.#progressFolder = progressFolder;
    this.slots = slots;
    this.#listener = listener;
  }

  /** Calls that it has answered. */
  get answered(): number {
    return this.#finals;
  }

  get retired(): boolean {
    return this.#retirement.begun;
  }

  get outstanding(): number {
    return this.calls.size - this.#begunStreams;
  }

  get load(): number {
    return this.calls.size;
  }

  get window(): number {
    return windowFor(this.#pace, this.slots);
  }

  get held(): boolean {
    return this.#recalling || this.doomed || this.#link.blocked;
  }

  get killedBecause(): string | undefined {
    return this.#killedBecause;
  }

  get blocked(): boolean {
    return this.#link.blocked;
  }

  get sessions(): number {
    return this.#sessions.size;
  }

  get gone(): boolean {
    return this.#gone || this.#killedBecause !== undefined;
  }

  /** It takes no new session. */
  get doomed(): boolean {
    return this.gone || this.#retirement.begun;
  }

  /** Whether it has begun any call; undefined where that is not known. */
  get progress(): number | undefined {
    return readProgress(this.#progressFolder, this.number);
  }

  send(call: Call): void {
    if (this.outstanding === 0) this.#mark = performance.now();
    this.#lastId = nextLinkId(this.#lastId);
    call.linkId = this.#lastId;
    call.worker = this;
    this.calls.set(call.linkId, call);
    const traceparent = this.#listener.sending(call, this);
    if (traceparent !== undefined)
      this.#link.send(Kind.TRACE, call.linkId, Buffer.from(traceparent, "latin1"));
    if (call.pin !== undefined) {
      const { transfer } = call.pin;
      const body = transfer === undefined ? call.request : uint32(transfer);
      this.#link.send(Kind.SESSION_CALL, call.linkId, body, sessionCallHeader(call, call.pin));
    } else if (call.flow === undefined) this.#link.send(Kind.CALL, call.linkId, call.request);
    else this.#link.send(Kind.STREAM, call.linkId, call.request, uint32(call.flow.grant()));
  }

  credit(call: Call, items: number): void {
    this.#link.send(Kind.CREDIT, call.linkId, uint32(items));
    if (this.calls.size > 1) this.callAttention();
  }

  /** Tells the worker that the call shall end: 1 for its deadline, 2 for its caller. */
  stop(call: Call, cause: 1 | 2): void {
    this.#link.send(Kind.CANCEL, call.linkId, Buffer.of(cause));
    this.callAttention();
  }

  /** Returns the session's number. */
  openSession(session: SessionOfWorker): number {
    this.#lastSession++;
    this.#sessions.set(this.#lastSession, session);
    return this.#lastSession;
  }

  closeSession(session: SessionOfWorker): void {
    if (!this.#sessions.delete(session.number)) return;
    this.#link.send(Kind.SESSION_CLOSE, session.number);
    if (this.calls.size > 0) this.callAttention();
    this.#retirement.look();
  }

  /** It takes no new calls and sessions, gives back calls that it has not started, and ends when those that it has are over. */
  retire(stuck?: Stuck): void {
    if (!this.#retirement.begun && this.outstanding > 0) this.recall();
    this.#retirement.begin(stuck);
  }

  end(): void {
    this.#link.end();
  }

  /** After its end: each session is told. */
  loseSessions(cause: RpcStatus): void {
    const sessions = [...this.#sessions.values()];
    this.#sessions.clear();
    for (const session of sessions) session.lost(cause);
  }

  release(session: number, ids: readonly number[]): void {
    const payload = Buffer.allocUnsafe(8 * ids.length);
    for (const [at, id] of ids.entries()) payload.writeBigUInt64LE(BigInt(id), 8 * at);
    this.#link.send(Kind.RELEASE, session, payload);
  }

  nextTransfer(): number {
    this.#lastTransfer = nextLinkId(this.#lastTransfer);
    return this.#lastTransfer;
  }

  chunk(transfer: number, total: number, data: Buffer): void {
    this.#link.send(Kind.CHUNK, transfer, data, uint64(total));
  }

  dropTransfer(transfer: number): void {
    this.#link.send(Kind.CHUNK, transfer, uint64(0));
  }

  pull(linkId: number, bytes: number): void {
    this.#link.send(Kind.PULL, linkId, uint32(bytes));
    if (this.calls.size > 1) this.callAttention();
  }

  transferOfCallback(id: number): number {
    return FIRST_CALLBACK + id;
  }

  answerCallback(id: number, succeeded: boolean, body: Buffer): void {
    this.#link.send(succeeded ? Kind.CALLBACK_RESULT : Kind.CALLBACK_ERROR, FIRST_CALLBACK + id, body);
  }

  recall(): void {
    this.#recalling = true;
    this.#link.send(Kind.RECALL, 0);
    this.callAttention();
  }

  /** Whether the call, told to end, is what keeps the worker busy. */
  isBusyWith(call: Call): boolean {
    const { progress } = this;
    if (!wasStarted(call.linkId, progress)) return false;
    if (progress === undefined || progress === call.linkId || this.slots > 1) return true;
    const latest = this.calls.get(progress);
    return latest === undefined || latest.flow !== undefined;
  }

  /** A call that was told to end keeps it busy. */
  giveUp(because: string): void {
    if (this.slots === 1) this.kill(because);
    else if (!this.#retirement.isStuck) this.#listener.stuck(this);
  }

  kill(because: string): void {
    if (this.#killedBecause !== undefined || this.#gone) return;
    this.#killedBecause = because;
    killGroup(this.pid);
  }

  /** No signal after this: the process id may be another's soon. */
  markGone(): void {
    this.#gone = true;
    this.#retirement.stop();
  }

  disconnect(): void {
    this.#link.destroy();
  }

  /** Looks whether it has answered anything since the last look. */
  tick(): void {
    this.stuck = this.#finals === this.#finalsAtTick;
    this.#finalsAtTick = this.#finals;
  }

  frame(kind: number, id: number, payload: Buffer): void {
    if (id >= FIRST_CALLBACK || kind === Kind.OBJECTS) {
      this.#besides(kind, id, payload);
      return;
    }
    const call = this.calls.get(id);
    if (call === undefined) return;
    switch (kind) {
      case Kind.ITEM:
        this.#begin(call);
        this.#listener.item(call, payload);
        return;
      case Kind.RESULT:
      case Kind.END:
      case Kind.ERROR:
        this.#forget(call);
        this.#recalling = false;
        this.#finals++;
        this.#listener.final(call, kind, payload);
        return;
      case Kind.CHUNKED:
        this.#listener.chunked(call, Number(payload.readBigUInt64LE(0)));
        return;
      case Kind.TIMES:
        this.#listener.times(call, payload);
        return;
      case Kind.CHUNK_OUT:
        this.#listener.piece(call, payload);
        return;
      case Kind.RECALLED:
        this.#forget(call);
        this.#listener.recalled(call);
        return;
      default:
        this.kill(`it sent a frame of the unknown kind ${kind}`);
    }
  }

  /** Callbacks of sessions, and reports. */
  #besides(kind: number, id: number, payload: Buffer): void {
    switch (kind) {
      case Kind.CALLBACK: {
        const { session, callee } = callbackHeader(payload, 0);
        this.#callbacks.delete(id);
        this.#sessions.get(session)?.callback(id - FIRST_CALLBACK, callee, payload.subarray(CALLBACK_BYTES));
        return;
      }
      case Kind.CHUNKED: {
        const session = this.#sessions.get(callbackHeader(payload, 8).session);
        if (session === undefined) return;
        this.#callbacks.set(id, session);
        session.callbackChunked(id, id - FIRST_CALLBACK, Number(payload.readBigUInt64LE(0)));
        return;
      }
      case Kind.CHUNK_OUT:
        this.#callbacks.get(id)?.callbackPiece(id, payload);
        return;
      case Kind.OBJECTS:
        this.objects = Number(payload.readBigUInt64LE(0));
        this.residentBytes = Number(payload.readBigUInt64LE(8));
        return;
      default:
        this.kill(`it sent a frame of the unknown kind ${kind}`);
    }
  }

  oversize(kind: number, id: number, bytes: number): void {
    const call = this.calls.get(id);
    if (call === undefined) return;
    if (kind !== Kind.ITEM) {
      this.#forget(call);
      this.#finals++;
    }
    this.#listener.oversize(call, kind !== Kind.ITEM, bytes);
  }

  chunkEnd(): void {
    const answered = this.#finals - this.#finalsBefore;
    if (answered > 0) {
      const now = performance.now();
      this.#pace = nextPace(this.#pace, (now - this.#mark) / answered);
      this.#mark = now;
      this.#finalsBefore = this.#finals;
      this.#listener.served(this);
    }
    if (this.outstanding <= this.slots) this.#recalling = false;
    this.#listener.room();
  }

  drain(): void {
    for (const session of this.#sessions.values()) session.roomAtWorker();
    this.#listener.room();
  }

  closed(): void {
    this.#listener.closed(this);
  }

  #begin(call: Call): void {
    if (call.begun) return;
    call.begun = true;
    this.#begunStreams++;
  }

  #forget(call: Call): void {
    this.calls.delete(call.linkId);
    call.worker = undefined;
    if (call.begun) this.#begunStreams--;
    if (this.#retirement.begun) this.#retirement.look();
  }

  /** It shall read what it was sent, also while it is busy. */
  callAttention(): void {
    this.#link.afterFlush(this.#sendSignal);
  }

  readonly #sendSignal = () => {
    clearTimeout(this.#signalAgain);
    if (this.#gone) return;
    signal(this.pid, "SIGURG");
    // A busy worker must hear of what the socket has not taken yet, too.
    if (this.#link.blocked) this.#signalAgain = setTimeout(this.#sendSignal, SIGNAL_AGAIN_MS);
  };
}
