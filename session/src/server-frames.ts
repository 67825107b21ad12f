import { type ChunkFrame, chunkFields, readChunk } from "./client-frames.ts";
import type { FieldSink } from "./field-sink.ts";
import { type FrameLayout, FrameMessage, type UnknownFrame } from "./frame-message.ts";
import type { WireReader } from "./wire.ts";

export interface OpenedFrame {
  readonly kind: "opened";
  readonly maxInFlight: number;
  readonly token: string;
  readonly received: number;
  readonly graceMs: number;
}

/** `body` is a CallResponse, a StreamResponse, a google.rpc.Status; empty where chunks carried it. */
export interface BodyFrame {
  readonly kind: "result" | "item" | "error";
  readonly id: number;
  readonly body: Buffer;
}

export interface EndFrame {
  readonly kind: "end";
  readonly id: number;
}

export interface DrainingFrame {
  readonly kind: "draining";
  readonly graceMs: number;
}

export interface CallbackFrame {
  readonly kind: "callback";
  readonly id: number;
  readonly function: number;
  /** A CallRequest; empty where chunks carried it. */
  readonly request: Buffer;
}

export type ServerFrame = OpenedFrame | BodyFrame | EndFrame | DrainingFrame | ChunkFrame | CallbackFrame;

const EMPTY: Buffer = Buffer.alloc(0);
const NUMBERS = {
  opened: 1,
  result: 2,
  item: 3,
  end: 4,
  error: 5,
  draining: 6,
  chunk: 7,
  callback: 8,
} as const;

function fields(frame: ServerFrame, sink: FieldSink): void {
  switch (frame.kind) {
    case "result":
    case "item":
    case "error":
      sink.number(0x08, frame.id);
      sink.bytes(0x12, frame.body);
      return;
    case "end":
      sink.number(0x08, frame.id);
      return;
    case "chunk":
      chunkFields(frame, sink);
      return;
    case "callback":
      sink.number(0x08, frame.id);
      sink.number(0x10, frame.function);
      sink.bytes(0x1a, frame.request);
      return;
    case "draining":
      sink.number(0x08, frame.graceMs);
      return;
    case "opened":
      sink.number(0x08, frame.maxInFlight);
      sink.string(0x12, frame.token);
      sink.number(0x18, frame.received);
      sink.number(0x20, frame.graceMs);
  }
}

function read(number: number, reader: WireReader): ServerFrame | undefined {
  switch (number) {
    case NUMBERS.opened:
      return readOpened(reader);
    case NUMBERS.result:
      return readBody("result", reader);
    case NUMBERS.item:
      return readBody("item", reader);
    case NUMBERS.error:
      return readBody("error", reader);
    case NUMBERS.end:
      return { kind: "end", id: readBody("result", reader).id };
    case NUMBERS.draining:
      return { kind: "draining", graceMs: readBody("result", reader).id };
    case NUMBERS.chunk:
      return readChunk(reader);
    case NUMBERS.callback:
      return readCallback(reader);
    default:
      return undefined;
  }
}

function readBody(kind: BodyFrame["kind"], reader: WireReader): BodyFrame {
  let id = 0;
  let body = EMPTY;
  while (!reader.done) {
    const tag = reader.tag();
    if (tag === 0x08) id = reader.uint53();
    else if (tag === 0x12) body = reader.bytes();
    else reader.skip(tag);
  }
  return { kind, id, body };
}

function readOpened(reader: WireReader): OpenedFrame {
  let maxInFlight = 0;
  let token = "";
  let received = 0;
  let graceMs = 0;
  while (!reader.done) {
    const tag = reader.tag();
    if (tag === 0x08) maxInFlight = reader.uint32();
    else if (tag === 0x12) token = reader.string();
    else if (tag === 0x18) received = reader.uint53();
    else if (tag === 0x20) graceMs = reader.uint32();
    else reader.skip(tag);
  }
  return { kind: "opened", maxInFlight, token, received, graceMs };
}

function readCallback(reader: WireReader): CallbackFrame {
  let id = 0;
  let callee = 0;
  let request = EMPTY;
  while (!reader.done) {
    const tag = reader.tag();
    if (tag === 0x08) id = reader.uint53();
    else if (tag === 0x10) callee = reader.uint53();
    else if (tag === 0x1a) request = reader.bytes();
    else reader.skip(tag);
  }
  return { kind: "callback", id, function: callee, request };
}

const layout: FrameLayout<ServerFrame> = { number: (frame) => NUMBERS[frame.kind], fields, read };
const messages = new FrameMessage(layout);

/** Calls `visit` with each frame of a SessionResponse in order; returns its `received`. Throws a StatusError at the first that is malformed. */
export function decodeServerFrames(
  message: Buffer,
  visit: (frame: ServerFrame | UnknownFrame) => void,
): number {
  return messages.decode(message, visit);
}

/** The size of one entry of SessionResponse.frames. */
export function serverFrameSize(frame: ServerFrame): number {
  return messages.size(frame);
}

/** Writes one entry of SessionResponse.frames; returns the position behind it. */
export function writeServerFrame(frame: ServerFrame, out: Buffer, at: number): number {
  return messages.write(frame, out, at);
}

/** A SessionResponse. */
export function encodeServerFrames(frames: readonly ServerFrame[], received = 0): Buffer {
  return messages.encode(frames, received);
}
