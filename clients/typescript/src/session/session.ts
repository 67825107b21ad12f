import { copyError, PoduleError, SessionLostError, sessionLost } from "../errors.ts";
import { errorOfStatus } from "../status.ts";
import { type DecodeContext, Decoder, type ObjectRef } from "../values/decode.ts";
import { Encoder, type Identity } from "../values/encode.ts";
import { Assemblies } from "./assemblies.ts";
import { CallIds } from "./call-ids.ts";
import type { CallSink } from "./call-sink.ts";
import { CallbackRuns } from "./callback-runs.ts";
import { Callbacks } from "./callbacks.ts";
import type { Channel } from "./channel.ts";
import { writeCancel, writeClose, writeCredit } from "./control-frames.ts";
import { LargeCalls, writeCallFields } from "./large-calls.ts";
import { CHUNK_ABOVE } from "./limits.ts";
import { Outbox } from "./outbox.ts";
import { Receipts } from "./receipts.ts";
import { Releases } from "./releases.ts";
import { type CallSpec, writeRequest } from "./request.ts";
import { type OpenedFrame, readServerMessage, type ServerFrames } from "./server-frames.ts";
import { StreamKeeper } from "./stream-keeper.ts";
import { Transfers } from "./transfers.ts";

/** What the session's owner decides. */
export interface SessionOptions {
  readonly channel: Channel;
  readonly module: string;
  /** How long to try to reach the server; 0: once. */
  readonly openWithinMs: number;
  /** Calls that may wait here for their turn. */
  readonly queueLimit: number;
  /** The largest result. */
  readonly maxResultBytes: number;
  /** An object that the server named. */
  readonly object: (session: Session, ref: ObjectRef) => unknown;
  /** What an argument that is no value is; may throw to have the call tried again. */
  readonly identify: (session: Session, value: object) => Identity | undefined;
  readonly traceparent: () => string;
  readonly onDraining: (session: Session, graceMs: number) => void;
  readonly onLost: (session: Session) => void;
}

/**
 * One client's session in one worker: calls out, answers in, objects between. Outlives its stream: a broken one is opened again, and what
 * either end has not got is sent again. When it is lost, every call in flight fails with that, once.
 */
export class Session implements ServerFrames, DecodeContext {
  readonly module: string;
  readonly opened: Promise<void>;
  readonly callbacks = new Callbacks();
  readonly releases: Releases;
  readonly decoder: Decoder;
  readonly #options: SessionOptions;
  readonly #outbox: Outbox;
  readonly #encoder: Encoder;
  readonly #ids = new CallIds();
  readonly #pending = new Map<number, CallSink>();
  readonly #transfers: Transfers;
  readonly #large: LargeCalls;
  readonly #assemblies: Assemblies;
  readonly #runs: CallbackRuns;
  readonly #receipts: Receipts;
  readonly #keeper: StreamKeeper;
  #error: PoduleError | undefined;
  #resolveOpened: () => void = () => undefined;
  #rejectOpened: (error: PoduleError) => void = () => undefined;
  #onIdle: (() => void)[] = [];
  draining = false;
  #peek = false;
  #reference: ObjectRef | undefined;

  constructor(options: SessionOptions) {
    this.#options = options;
    this.module = options.module;
    this.opened = new Promise((resolve, reject) => {
      this.#resolveOpened = resolve;
      this.#rejectOpened = reject;
    });
    this.opened.catch(() => undefined);
    this.decoder = new Decoder(Buffer.alloc(0), this);
    this.#keeper = new StreamKeeper(options.channel, options.module, options.openWithinMs, {
      message: (bytes) => this.#message(bytes),
      drained: () => this.#drained(),
      broken: () => {
        this.#outbox.disconnected();
        this.#transfers.reset();
      },
      received: () => this.#receipts.count,
      lost: (error) => this.#lose(error),
    });
    this.#outbox = new Outbox({
      write: (message, sent) => this.#keeper.write(message, sent),
      received: () => this.#receipts.count,
    });
    this.#receipts = new Receipts(this.#outbox);
    this.#encoder = new Encoder(this.#outbox.writer, (value) => this.#identify(value));
    this.#transfers = new Transfers((make, size, sent) => this.#outbox.sendAlone(make, size, sent));
    this.#large = new LargeCalls(this.#ids, this.#outbox, this.#transfers, () => this.releases.pump());
    this.#assemblies = new Assemblies(options.maxResultBytes);
    this.#runs = new CallbackRuns(this.callbacks, this.#outbox, this.#encoder, this.#transfers);
    this.releases = new Releases(this.#outbox, () => this.#large.active);
    this.#keeper.open();
  }

  /** Why there is no session any more. */
  get error(): PoduleError | undefined {
    return this.#error;
  }

  /** Sends a call at the end of this turn, or when it may leave. Returns its id, by which later calls can name its result at once. */
  call(spec: CallSpec, sink: CallSink): number {
    if (this.#error !== undefined) throw copyError(this.#error);
    if (this.#outbox.waiting + this.#large.held >= this.#options.queueLimit || this.#ids.exhausted)
      throw this.#full();
    const outbox = this.#outbox;
    const { writer } = outbox;
    const start = outbox.begin();
    this.#large.named.length = 0;
    if (spec.target !== 0) this.#large.named.push(spec.target);
    writer.tag(0x0a);
    const frame = writer.begin();
    writer.tag(0x12);
    const call = writer.begin();
    writer.tag(0x12);
    const request = writer.begin();
    let modeAt: number;
    try {
      modeAt = writeRequest(this.#encoder, spec);
    } catch (error) {
      writer.truncate(start);
      throw error;
    }
    const size = writer.pos - request;
    if (size > CHUNK_ABOVE || writer.externals.length > 0) {
      const body = outbox.extract(start, request);
      const large = this.#large.send(body, modeAt - request, spec, sink);
      this.#pending.set(large, sink);
      return large;
    }
    const before = writer.pos;
    writer.end(request);
    const modeNow = modeAt + writer.pos - before;
    let large = this.#large.active ? this.#large.behind() : undefined;
    const passing = large === undefined ? this.#ids.passing() : undefined;
    // So many have passed that there is no id left below the large one's.
    if (passing === undefined) large ??= this.#large.first();
    const id = passing ?? (large === undefined ? 0 : this.#large.idBehind(large));
    writeCallFields(writer, id, spec);
    const unshifted = writer.pos;
    writer.end(call);
    writer.end(frame);
    const mode = modeNow + writer.pos - unshifted;
    this.#pending.set(id, sink);
    if (large === undefined) outbox.commit(start, sink, mode);
    else this.#large.hold(large, start, sink, mode);
    return id;
  }

  #full(): PoduleError {
    return new PoduleError({
      code: "RESOURCE_EXHAUSTED",
      reason: "CLIENT_QUEUE_FULL",
      message: `${this.#outbox.waiting} calls of module ${this.module} wait for their turn already; await some before making more`,
    });
  }

  #identify(value: object): Identity | undefined {
    const found = this.#options.identify(this, value);
    if (found?.kind === "object") this.#large.named.push(found.id);
    return found;
  }

  /** Nobody wants the answer of this call any more; its sink has been told. */
  cancel(id: number, sink: CallSink): void {
    if (this.#pending.get(id) !== sink) return;
    if (sink.left) this.#control(() => writeCancel(this.#outbox.writer, id));
    else {
      this.#pending.delete(id);
      if (this.#pending.size === 0) this.#settleIdle();
    }
    this.#outbox.pump();
  }

  /** The caller's trace context for a call that is made now. */
  traceparent(): string {
    return this.#options.traceparent();
  }

  /** An object was given back: a session that had to wait for that can end now. */
  released(): void {
    if (this.draining && this.releases.live === 0) void this.close();
  }

  credit(id: number, items: number): void {
    if (this.#pending.has(id)) this.#control(() => writeCredit(this.#outbox.writer, id, items));
  }

  #control(write: () => void): void {
    const start = this.#outbox.begin();
    write();
    this.#outbox.commit(start, undefined, -1);
  }

  /** Ends the session when its calls have ended; its objects go. */
  async close(): Promise<void> {
    if (this.#error !== undefined) return;
    await this.opened.catch(() => undefined);
    if (this.#pending.size > 0) await new Promise<void>((resolve) => this.#onIdle.push(resolve));
    this.destroy();
  }

  /** Ends the session at once: calls in flight fail. */
  destroy(): void {
    if (this.#error !== undefined) return;
    this.#control(() => writeClose(this.#outbox.writer));
    this.#outbox.flush();
    this.#lose(
      new SessionLostError({ code: "CANCELLED", reason: "SESSION_LOST", message: "the session was closed" }),
    );
  }

  #lose(error: PoduleError): void {
    if (this.#error !== undefined) return;
    this.#error = error;
    this.#outbox.close();
    this.#keeper.end();
    this.#transfers.clear();
    this.#large.clear();
    this.#assemblies.clear();
    this.callbacks.clear();
    this.releases.clear();
    this.#receipts.stop();
    const sinks = [...this.#pending.values()];
    this.#pending.clear();
    for (const sink of sinks) sink.fail(copyError(error));
    this.#rejectOpened(error);
    this.#settleIdle();
    this.#options.onLost(this);
  }

  #settleIdle(): void {
    for (const resolve of this.#onIdle.splice(0)) resolve();
  }

  #drained(): void {
    this.#outbox.drained();
    this.#transfers.pump();
  }

  #message(bytes: Buffer): void {
    try {
      const counted = readServerMessage(bytes, this);
      this.#receipts.add(counted, bytes.length);
    } catch (error) {
      this.#lose(
        new SessionLostError({
          code: "INTERNAL",
          reason: "SESSION_LOST",
          message: `the server sent what is no session message: ${error instanceof Error ? error.message : String(error)}`,
          cause: error,
        }),
      );
    }
  }

  onReceived(count: number): void {
    if (!this.#outbox.acknowledge(count)) throw new Error("it acknowledged frames that were not sent");
    this.#transfers.pump();
  }

  onOpened(frame: OpenedFrame): void {
    const resumable = frame.graceMs > 0 && frame.token !== "";
    this.#outbox.maxInFlight = Math.max(1, frame.maxInFlight);
    this.#outbox.resumable = resumable;
    this.#keeper.opened(frame);
    if (!this.#outbox.connected(frame.received)) throw new Error("it acknowledged frames that were not sent");
    this.#transfers.reset();
    this.#transfers.pump();
    this.#resolveOpened();
  }

  #final(id: number): CallSink | undefined {
    const sink = this.#pending.get(id);
    if (sink === undefined) return undefined;
    this.#pending.delete(id);
    this.#outbox.finished();
    if (this.#pending.size === 0) this.#settleIdle();
    return sink;
  }

  onResult(id: number, buffer: Buffer, start: number, end: number): void {
    const body = start === end ? this.#assemblies.take(`${id}`) : undefined;
    const sink = this.#final(id);
    if (sink === undefined) return;
    if (body === undefined) sink.result(buffer, start, end, false);
    else if (body === false) sink.fail(incomplete());
    else sink.result(body.buffer, body.start, body.end, true);
  }

  onItem(id: number, buffer: Buffer, start: number, end: number): void {
    const body = start === end ? this.#assemblies.take(`${id}`) : undefined;
    const sink = this.#pending.get(id);
    if (sink === undefined) return;
    if (body === undefined) sink.item(buffer, start, end, false);
    else if (body !== false) sink.item(body.buffer, body.start, body.end, true);
  }

  onEnd(id: number): void {
    this.#final(id)?.end();
  }

  onError(id: number, status: Buffer): void {
    this.#assemblies.drop(`${id}`);
    const error = errorOfStatus(status);
    if (id === 0) this.#lose(sessionLost(error));
    else this.#final(id)?.fail(error);
  }

  onChunk(id: number, callback: boolean, data: Buffer, total: number): void {
    const key = callback ? `callback ${id}` : `${id}`;
    if (!callback && !this.#pending.has(id)) return;
    if (this.#assemblies.add(key, data, total) || callback) return;
    const sink = this.#pending.get(id);
    if (sink === undefined || sink.dropped) return;
    sink.fail(tooLarge(total));
    this.cancel(id, sink);
  }

  onCallback(id: number, functionId: number, buffer: Buffer, start: number, end: number): void {
    const body = start === end ? this.#assemblies.take(`callback ${id}`) : undefined;
    if (body) this.#runs.run(this.decoder, id, functionId, body.buffer, body.start, body.end, true);
    else this.#runs.run(this.decoder, id, functionId, buffer, start, end, false);
  }

  onDraining(graceMs: number): void {
    this.draining = true;
    this.#options.onDraining(this, graceMs);
  }

  /** The value in a CallResponse or StreamResponse; its objects are held from now on. */
  decode(buffer: Buffer, start: number, end: number, owned: boolean): unknown {
    const reader = this.decoder.reset(buffer, start, end, owned);
    let value: unknown = null;
    while (reader.pos < end) {
      const tag = reader.varint();
      if (tag === 0x0a) value = this.decoder.value();
      else reader.skipField(tag);
    }
    return value;
  }

  /** The reference in a CallResponse, without holding its object. */
  decodeReference(buffer: Buffer, start: number, end: number): ObjectRef | undefined {
    this.#reference = undefined;
    this.#peek = true;
    try {
      this.decode(buffer, start, end, false);
    } finally {
      this.#peek = false;
    }
    return this.#reference;
  }

  object(ref: ObjectRef): unknown {
    if (!this.#peek) return this.#options.object(this, ref);
    this.#reference = ref;
    return undefined;
  }
}

function incomplete(): PoduleError {
  return new PoduleError({
    code: "INTERNAL",
    reason: "CHUNKS_MISSING",
    message: "a result is shorter than was announced",
  });
}

function tooLarge(total: number): PoduleError {
  return new PoduleError({
    code: "RESOURCE_EXHAUSTED",
    reason: "RESULT_TOO_LARGE",
    message: `the result has ${total} bytes, more than maxResultBytes allows`,
  });
}
