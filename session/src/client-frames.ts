import type { FieldSink } from "./field-sink.ts";
import { type FrameLayout, FrameMessage, type UnknownFrame } from "./frame-message.ts";
import type { WireReader } from "./wire.ts";

export interface OpenFrame {
  readonly kind: "open";
  readonly module: string;
  readonly resumable: boolean;
  /** "": a new session. */
  readonly token: string;
  readonly received: number;
  readonly stateless: boolean;
}

export interface CallFrame {
  readonly kind: "call";
  readonly id: number;
  /** A CallRequest; empty where chunks carried it. */
  readonly request: Buffer;
  /** 0: none. */
  readonly timeoutMs: number;
  readonly traceparent: string;
  readonly stream: boolean;
  readonly credit: number;
}

export interface CancelFrame {
  readonly kind: "cancel";
  readonly id: number;
}

export interface CreditFrame {
  readonly kind: "credit";
  readonly id: number;
  readonly items: number;
}

export interface ReleaseFrame {
  readonly kind: "release";
  readonly ids: readonly number[];
}

export interface CallbackResultFrame {
  readonly kind: "callbackResult";
  readonly id: number;
  /** A CallResponse; empty where chunks carried it. */
  readonly response: Buffer | undefined;
  /** A google.rpc.Status. */
  readonly error: Buffer | undefined;
}

export interface CloseFrame {
  readonly kind: "close";
}

/** A piece of the body of the call or, with `callback`, the callback of that id. */
export interface ChunkFrame {
  readonly kind: "chunk";
  readonly id: number;
  readonly data: Buffer;
  readonly total: number;
  readonly callback: boolean;
}

export type ClientFrame =
  | OpenFrame
  | CallFrame
  | CancelFrame
  | CreditFrame
  | ChunkFrame
  | ReleaseFrame
  | CallbackResultFrame
  | CloseFrame;

const EMPTY: Buffer = Buffer.alloc(0);
const NUMBERS = {
  open: 1,
  call: 2,
  cancel: 3,
  credit: 4,
  chunk: 5,
  release: 6,
  callbackResult: 7,
  close: 8,
} as const;

function fields(frame: ClientFrame, sink: FieldSink): void {
  switch (frame.kind) {
    case "call":
      sink.number(0x08, frame.id);
      sink.bytes(0x12, frame.request);
      sink.number(0x18, frame.timeoutMs);
      sink.string(0x22, frame.traceparent);
      sink.flag(0x28, frame.stream);
      sink.number(0x30, frame.credit);
      return;
    case "cancel":
      sink.number(0x08, frame.id);
      return;
    case "credit":
      sink.number(0x08, frame.id);
      sink.number(0x10, frame.items);
      return;
    case "chunk":
      chunkFields(frame, sink);
      return;
    case "release":
      sink.packed(0x0a, frame.ids);
      return;
    case "callbackResult":
      sink.number(0x08, frame.id);
      sink.bytes(0x12, frame.response);
      sink.bytes(0x1a, frame.error);
      return;
    case "open":
      sink.string(0x0a, frame.module);
      sink.flag(0x10, frame.resumable);
      sink.string(0x1a, frame.token);
      sink.number(0x20, frame.received);
      sink.flag(0x28, frame.stateless);
  }
}

function read(number: number, reader: WireReader): ClientFrame | undefined {
  switch (number) {
    case NUMBERS.open:
      return readOpen(reader);
    case NUMBERS.call:
      return readCall(reader);
    case NUMBERS.cancel:
      return { kind: "cancel", id: readNumbers(reader).id };
    case NUMBERS.credit:
      return { kind: "credit", ...readNumbers(reader) };
    case NUMBERS.chunk:
      return readChunk(reader);
    case NUMBERS.release:
      return readRelease(reader);
    case NUMBERS.callbackResult:
      return readCallbackResult(reader);
    case NUMBERS.close:
      return { kind: "close" };
    default:
      return undefined;
  }
}

function readOpen(reader: WireReader): OpenFrame {
  let module = "";
  let resumable = false;
  let token = "";
  let received = 0;
  let stateless = false;
  while (!reader.done) {
    const tag = reader.tag();
    if (tag === 0x0a) module = reader.string();
    else if (tag === 0x10) resumable = reader.bool();
    else if (tag === 0x1a) token = reader.string();
    else if (tag === 0x20) received = reader.uint53();
    else if (tag === 0x28) stateless = reader.bool();
    else reader.skip(tag);
  }
  return { kind: "open", module, resumable, token, received, stateless };
}

function readCall(reader: WireReader): CallFrame {
  let id = 0;
  let request = EMPTY;
  let timeoutMs = 0;
  let traceparent = "";
  let stream = false;
  let credit = 0;
  while (!reader.done) {
    const tag = reader.tag();
    if (tag === 0x08) id = reader.uint53();
    else if (tag === 0x12) request = reader.bytes();
    else if (tag === 0x18) timeoutMs = reader.uint32();
    else if (tag === 0x22) traceparent = reader.string();
    else if (tag === 0x28) stream = reader.bool();
    else if (tag === 0x30) credit = reader.uint32();
    else reader.skip(tag);
  }
  return { kind: "call", id, request, timeoutMs, traceparent, stream, credit };
}

function readNumbers(reader: WireReader): { id: number; items: number } {
  let id = 0;
  let items = 0;
  while (!reader.done) {
    const tag = reader.tag();
    if (tag === 0x08) id = reader.uint53();
    else if (tag === 0x10) items = reader.uint32();
    else reader.skip(tag);
  }
  return { id, items };
}

function readRelease(reader: WireReader): ReleaseFrame {
  const ids: number[] = [];
  while (!reader.done) {
    const tag = reader.tag();
    if (tag === 0x0a) reader.packed((id) => ids.push(id));
    else if (tag === 0x08) ids.push(reader.uint53());
    else reader.skip(tag);
  }
  return { kind: "release", ids };
}

function readCallbackResult(reader: WireReader): CallbackResultFrame {
  let id = 0;
  let response: Buffer | undefined;
  let error: Buffer | undefined;
  while (!reader.done) {
    const tag = reader.tag();
    if (tag === 0x08) id = reader.uint53();
    else if (tag === 0x12) response = reader.bytes();
    else if (tag === 0x1a) error = reader.bytes();
    else reader.skip(tag);
  }
  return { kind: "callbackResult", id, response, error };
}

/** A chunk looks alike in both directions. */
export function chunkFields(frame: ChunkFrame, sink: FieldSink): void {
  sink.number(0x08, frame.id);
  sink.bytes(0x12, frame.data.length === 0 ? undefined : frame.data);
  sink.number(0x18, frame.total);
  sink.flag(0x20, frame.callback);
}

export function readChunk(reader: WireReader): ChunkFrame {
  let id = 0;
  let data = EMPTY;
  let total = 0;
  let callback = false;
  while (!reader.done) {
    const tag = reader.tag();
    if (tag === 0x08) id = reader.uint53();
    else if (tag === 0x12) data = reader.bytes();
    else if (tag === 0x18) total = reader.uint53();
    else if (tag === 0x20) callback = reader.bool();
    else reader.skip(tag);
  }
  return { kind: "chunk", id, data, total, callback };
}

const layout: FrameLayout<ClientFrame> = { number: (frame) => NUMBERS[frame.kind], fields, read };
const messages = new FrameMessage(layout);

/** Calls `visit` with each frame of a SessionRequest in order; returns its `received`. Throws a StatusError at the first that is malformed. */
export function decodeClientFrames(
  message: Buffer,
  visit: (frame: ClientFrame | UnknownFrame) => void,
): number {
  return messages.decode(message, visit);
}

/** The size of one entry of SessionRequest.frames. */
export function clientFrameSize(frame: ClientFrame): number {
  return messages.size(frame);
}

/** Writes one entry of SessionRequest.frames; returns the position behind it. */
export function writeClientFrame(frame: ClientFrame, out: Buffer, at: number): number {
  return messages.write(frame, out, at);
}

/** A SessionRequest. */
export function encodeClientFrames(frames: readonly ClientFrame[], received = 0): Buffer {
  return messages.encode(frames, received);
}
