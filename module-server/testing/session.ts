import { setTimeout as sleep } from "node:timers/promises";
import { Client, type ClientDuplexStream, credentials, type ServiceError } from "@grpc/grpc-js";
import { type RpcStatus, reasonOf, statusError } from "@podule/grpc";
import { CallRequest, CallResponse } from "@podule/proto/podule/v1/calls.ts";
import {
  type ClientFrame,
  decodeServerFrames,
  decodeStatus,
  encodeClientFrames,
  FrameLog,
  type OpenedFrame,
  type ServerFrame,
  statusOfError,
  type UnknownFrame,
} from "@podule/session";
import { Status } from "nice-grpc-common";
import { CallError, eventually } from "./pod.ts";

const identity = (bytes: Buffer) => bytes;
const MOST_SENT = 900 * 1024;
const CHUNK = 1024 * 1024 - 1024;

export interface SessionOptions {
  readonly resumable?: boolean;
  readonly token?: string;
  /** False: nothing is ever acknowledged. */
  readonly confirms?: boolean;
  readonly onFrame?: (frame: ServerFrame) => void;
}

/** A client of Calls/Session that says exactly what a test wants said; frames are counted, kept and sent again as they must be. */
export class RawSession {
  readonly #client: Client;
  readonly #options: SessionOptions;
  readonly log = new FrameLog<ClientFrame>();
  readonly frames: ServerFrame[] = [];
  /** Frames that ended a call, by its id. More than one is an error of the server's. */
  readonly finals = new Map<number, ServerFrame[]>();
  readonly #waiting = new Map<number, PromiseWithResolvers<Buffer>>();
  readonly #bodies = new Map<number, Buffer[]>();
  opened: OpenedFrame | undefined;
  stream: ClientDuplexStream<Buffer, Buffer>;
  /** How the present stream ended: undefined while it lasts, null without an error. */
  ended: ServiceError | null | undefined;
  lastId = 0;
  confirmed = 0;
  /** What the log holds has been sent in the present stream. */
  #ready = false;

  constructor(address: string, options: SessionOptions = {}) {
    this.#options = options;
    this.#client = new Client(address, credentials.createInsecure(), {
      "grpc.max_receive_message_length": -1,
      "grpc.use_local_subchannel_pool": 1,
      "grpc.initial_reconnect_backoff_ms": 10,
      "grpc.min_reconnect_backoff_ms": 10,
      "grpc.max_reconnect_backoff_ms": 30,
    });
    this.stream = this.#open(options.token ?? "");
  }

  get token(): string {
    return this.opened?.token ?? this.#options.token ?? "";
  }

  /** A new stream, which goes on with the session. */
  reopen(): void {
    this.stream = this.#open(this.token);
  }

  #open(token: string): ClientDuplexStream<Buffer, Buffer> {
    const stream = this.#client.makeBidiStreamRequest("/podule.v1.Calls/Session", identity, identity);
    this.ended = undefined;
    this.#ready = token === "";
    stream.on("data", (message: Buffer) => {
      if (stream !== this.stream) return;
      const received = decodeServerFrames(message, (frame) => {
        this.#onFrame(frame);
        if (this.#ready || frame.kind !== "opened") return;
        this.#ready = true;
        for (const kept of this.log.unacknowledged()) stream.write(encodeClientFrames([kept]));
      });
      this.#acknowledge(received);
      if (this.#confirms && this.ended === undefined && !stream.writableEnded)
        stream.write(encodeClientFrames([], this.log.received));
    });
    stream.on("error", (error: ServiceError) => {
      if (stream !== this.stream) return;
      this.ended = error;
      if (this.#options.resumable === true) return;
      for (const { reject } of this.#waiting.values()) reject(error);
    });
    stream.on("end", () => {
      if (stream === this.stream) this.ended ??= null;
    });
    stream.write(
      encodeClientFrames([
        {
          kind: "open",
          module: "",
          resumable: this.#options.resumable ?? false,
          token,
          received: this.log.received,
          stateless: false,
        },
      ]),
    );
    return stream;
  }

  get #confirms(): boolean {
    return this.#options.resumable === true && this.#options.confirms !== false;
  }

  #acknowledge(received: number): void {
    this.confirmed = Math.max(this.confirmed, received);
    if (received > 0 && !this.log.acknowledge(received))
      throw new Error("The pod confirms what was not sent");
  }

  #onFrame(frame: ServerFrame | UnknownFrame): void {
    if (frame.kind === "unknown") throw new Error("The pod sent an unknown frame");
    if (frame.kind === "opened") {
      this.opened = frame;
      this.#acknowledge(frame.received);
      return;
    }
    if (frame.kind !== "draining" && !(frame.kind === "error" && frame.id === 0)) this.log.receive();
    this.#options.onFrame?.(frame);
    if (frame.kind !== "chunk") this.frames.push(frame);
    if (frame.kind === "chunk" && !frame.callback) {
      const pieces = this.#bodies.get(frame.id) ?? [];
      this.#bodies.set(frame.id, pieces);
      pieces.push(Buffer.from(frame.data));
    }
    if (frame.kind === "result" || frame.kind === "end" || frame.kind === "error") this.#onFinal(frame);
  }

  #onFinal(frame: ServerFrame & { readonly id: number }): void {
    this.finals.set(frame.id, [...(this.finals.get(frame.id) ?? []), frame]);
    const waiting = this.#waiting.get(frame.id);
    this.#waiting.delete(frame.id);
    const body = this.bodyOf(frame.id);
    if (frame.kind === "result") waiting?.resolve(frame.body.length > 0 ? frame.body : body);
    else if (frame.kind === "error") waiting?.reject(new CallError(statusOf(frame.body)));
    else waiting?.resolve(Buffer.alloc(0));
  }

  /** The chunks that have come for a call, which leave. */
  bodyOf(id: number): Buffer {
    const body = Buffer.concat(this.#bodies.get(id) ?? []);
    this.#bodies.delete(id);
    return body;
  }

  /** Sends frames in one message. */
  send(...frames: ClientFrame[]): void {
    for (const frame of frames)
      if (this.#options.resumable === true) this.log.send(frame, encodeClientFrames([frame]).length);
    if (this.ended === undefined && this.#ready) this.stream.write(encodeClientFrames(frames));
  }

  /** The answer of a call whose frames the test sends itself. */
  answerOf(id: number): Promise<Buffer> {
    const waiting = Promise.withResolvers<Buffer>();
    waiting.promise.catch(() => {});
    this.#waiting.set(id, waiting);
    return waiting.promise;
  }

  /** A call that is answered by the bytes of a CallResponse. */
  call(request: CallFields, options: { timeoutMs?: number; stream?: boolean; credit?: number } = {}) {
    const id = ++this.lastId;
    const answer = this.answerOf(id);
    const bytes = encodeRequest(request);
    const large = bytes.length > MOST_SENT;
    if (large)
      for (let at = 0; at < bytes.length; at += CHUNK)
        this.send({
          kind: "chunk",
          id,
          data: bytes.subarray(at, at + CHUNK),
          total: bytes.length,
          callback: false,
        });
    this.send({
      kind: "call",
      id,
      request: large ? Buffer.alloc(0) : bytes,
      timeoutMs: options.timeoutMs ?? 0,
      traceparent: "",
      stream: options.stream ?? false,
      credit: options.credit ?? 0,
    });
    return { id, answer };
  }

  /** A call whose body leaves in chunks, as the pod takes them; `between` is called after each. */
  async upload(request: CallFields, between: () => void): Promise<Buffer> {
    const id = ++this.lastId;
    const body = encodeRequest(request);
    for (let at = 0; at < body.length; at += CHUNK) {
      const data = body.subarray(at, at + CHUNK);
      this.send({ kind: "chunk", id, data, total: body.length, callback: false });
      while (!this.log.open) await sleep(1);
      between();
    }
    const answer = this.answerOf(id);
    this.send({
      kind: "call",
      id,
      request: Buffer.alloc(0),
      timeoutMs: 0,
      traceparent: "",
      stream: false,
      credit: 0,
    });
    return await answer;
  }

  async result(request: CallFields, timeoutMs?: number): Promise<unknown> {
    return plainOf(await this.call(request, timeoutMs === undefined ? {} : { timeoutMs }).answer);
  }

  /** The frame that has come, or comes. */
  frame(matches: (frame: ServerFrame) => boolean, what: string): Promise<ServerFrame> {
    return eventually(() => this.frames.find(matches), what);
  }

  /** How the stream ends: its code and reason; "OK" without an error. */
  async end(): Promise<readonly [Status, string | undefined]> {
    await eventually(() => (this.ended === undefined ? undefined : true), "the end of the stream");
    if (this.ended === null || this.ended === undefined) return [Status.OK, undefined];
    return [this.ended.code, reasonOf(statusOfError(this.ended, "NONE"))];
  }

  close(): void {
    this.stream.cancel();
    this.#client.close();
  }
}

export type CallFields = Parameters<typeof CallRequest.fromPartial>[0];

export function encodeRequest(request: CallFields): Buffer {
  return Buffer.from(CallRequest.encode(CallRequest.fromPartial(request)).finish());
}

export const int = (value: number) => ({ kind: { $case: "int" as const, value: BigInt(value) } });
export const str = (value: string) => ({ kind: { $case: "str" as const, value } });
export const bytes = (value: Buffer) => ({ kind: { $case: "bytes" as const, value } });
export const object = (id: number) => ({ kind: { $case: "object" as const, value: { id } } });
export const callback = (id: number) => ({ kind: { $case: "callback" as const, value: { id } } });

/** What a CallResponse carries: a number, text, bytes, or an object as its id. */
export function plainOf(response: Buffer): unknown {
  const kind = CallResponse.decode(response).result?.kind;
  if (kind?.$case === "int") return Number(kind.value);
  if (kind?.$case === "object") return { object: Number(kind.value.id) };
  return kind?.value;
}

export function responseOf(value: ReturnType<typeof int> | ReturnType<typeof bytes>): Buffer {
  return Buffer.from(CallResponse.encode(CallResponse.fromPartial({ result: value })).finish());
}

function statusOf(body: Buffer): RpcStatus {
  return decodeStatus(body) ?? statusError(Status.INTERNAL, "NONE", "no status").status;
}
