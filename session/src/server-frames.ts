import type { UnknownFrame } from "./client-frames.ts";
import { fieldSize, varintSize, WireReader, writeVarint } from "./wire.ts";

export interface OpenedFrame {
  readonly kind: "opened";
  readonly maxInFlight: number;
}

/** `body` is a CallResponse, a StreamResponse, a google.rpc.Status. */
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

export type ServerFrame = OpenedFrame | BodyFrame | EndFrame | DrainingFrame;

const EMPTY: Buffer = Buffer.alloc(0);
const UNKNOWN: UnknownFrame = { kind: "unknown" };
const KINDS = ["opened", "result", "item", "end", "error", "draining"] as const;
const FIELD = { opened: 1, result: 2, item: 3, end: 4, error: 5, draining: 6 } as const;

/** Calls `visit` with each frame of a SessionResponse in order. Throws a StatusError at the first that is malformed. */
export function decodeServerFrames(
  message: Buffer,
  visit: (frame: ServerFrame | UnknownFrame) => void,
): void {
  const reader = new WireReader(message);
  while (!reader.done) {
    const tag = reader.tag();
    if (tag !== 0x0a) {
      reader.skip(tag);
      continue;
    }
    const end = reader.lengthDelimited();
    const outer = reader.end;
    reader.end = end;
    const frame = readFrame(reader);
    reader.end = outer;
    visit(frame);
  }
}

function readFrame(reader: WireReader): ServerFrame | UnknownFrame {
  let frame: ServerFrame | UnknownFrame = UNKNOWN;
  while (!reader.done) {
    const tag = reader.tag();
    const kind = (tag & 7) === 2 ? KINDS[(tag >>> 3) - 1] : undefined;
    if (kind === undefined) {
      reader.skip(tag);
      continue;
    }
    const end = reader.lengthDelimited();
    const outer = reader.end;
    reader.end = end;
    frame = readBody(reader, kind);
    reader.end = outer;
  }
  return frame;
}

function readBody(reader: WireReader, kind: ServerFrame["kind"]): ServerFrame {
  const hasBody = kind === "result" || kind === "item" || kind === "error";
  const is32 = kind === "opened" || kind === "draining";
  let number = 0;
  let body = EMPTY;
  while (!reader.done) {
    const tag = reader.tag();
    if (tag === 0x08) number = is32 ? reader.uint32() : reader.uint53();
    else if (tag === 0x12 && hasBody) body = reader.bytes();
    else reader.skip(tag);
  }
  switch (kind) {
    case "opened":
      return { kind, maxInFlight: number };
    case "draining":
      return { kind, graceMs: number };
    case "end":
      return { kind, id: number };
    default:
      return { kind, id: number, body };
  }
}

/** The size of one entry of SessionResponse.frames. */
export function serverFrameSize(frame: ServerFrame): number {
  return fieldSize(fieldSize(bodySize(frame)));
}

function bodySize(frame: ServerFrame): number {
  const number = numberOf(frame);
  const size = number === 0 ? 0 : 1 + varintSize(number);
  return "body" in frame ? size + fieldSize(frame.body.length) : size;
}

function numberOf(frame: ServerFrame): number {
  switch (frame.kind) {
    case "opened":
      return frame.maxInFlight;
    case "draining":
      return frame.graceMs;
    default:
      return frame.id;
  }
}

/** Writes one entry of SessionResponse.frames; returns the position behind it. */
export function writeServerFrame(frame: ServerFrame, out: Buffer, at: number): number {
  const size = bodySize(frame);
  const number = numberOf(frame);
  let pos = at;
  out[pos++] = 0x0a;
  pos = writeVarint(out, pos, fieldSize(size));
  out[pos++] = (FIELD[frame.kind] << 3) | 2;
  pos = writeVarint(out, pos, size);
  if (number !== 0) {
    out[pos++] = 0x08;
    pos = writeVarint(out, pos, number);
  }
  if (!("body" in frame)) return pos;
  out[pos++] = 0x12;
  pos = writeVarint(out, pos, frame.body.length);
  return pos + frame.body.copy(out, pos);
}

/** A SessionResponse. */
export function encodeServerFrames(frames: readonly ServerFrame[]): Buffer {
  const out = Buffer.allocUnsafe(frames.reduce((size, frame) => size + serverFrameSize(frame), 0));
  let pos = 0;
  for (const frame of frames) pos = writeServerFrame(frame, out, pos);
  return out;
}
