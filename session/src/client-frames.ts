import { fieldSize, varintSize, WireReader, writeVarint } from "./wire.ts";

export interface OpenFrame {
  readonly kind: "open";
  readonly module: string;
}

export interface CallFrame {
  readonly kind: "call";
  readonly id: number;
  /** A CallRequest. */
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

/** A frame of a later version, or none. */
export interface UnknownFrame {
  readonly kind: "unknown";
}

export type ClientFrame = OpenFrame | CallFrame | CancelFrame | CreditFrame;

const EMPTY: Buffer = Buffer.alloc(0);
const UNKNOWN: UnknownFrame = { kind: "unknown" };

/** Calls `visit` with each frame of a SessionRequest in order. Throws a StatusError at the first that is malformed. */
export function decodeClientFrames(
  message: Buffer,
  visit: (frame: ClientFrame | UnknownFrame) => void,
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

function readFrame(reader: WireReader): ClientFrame | UnknownFrame {
  let frame: ClientFrame | UnknownFrame = UNKNOWN;
  while (!reader.done) {
    const tag = reader.tag();
    if ((tag & 7) !== 2 || tag >>> 3 > 4) {
      reader.skip(tag);
      continue;
    }
    const end = reader.lengthDelimited();
    const outer = reader.end;
    reader.end = end;
    frame = readBody(reader, tag >>> 3);
    reader.end = outer;
  }
  return frame;
}

function readBody(reader: WireReader, field: number): ClientFrame {
  switch (field) {
    case 1:
      return readOpen(reader);
    case 2:
      return readCall(reader);
    default: {
      let id = 0;
      let items = 0;
      while (!reader.done) {
        const tag = reader.tag();
        if (tag === 0x08) id = reader.uint53();
        else if (tag === 0x10 && field === 4) items = reader.uint32();
        else reader.skip(tag);
      }
      return field === 3 ? { kind: "cancel", id } : { kind: "credit", id, items };
    }
  }
}

function readOpen(reader: WireReader): OpenFrame {
  let module = "";
  while (!reader.done) {
    const tag = reader.tag();
    if (tag === 0x0a) module = reader.string();
    else reader.skip(tag);
  }
  return { kind: "open", module };
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
    switch (tag) {
      case 0x08:
        id = reader.uint53();
        break;
      case 0x12:
        request = reader.bytes();
        break;
      case 0x18:
        timeoutMs = reader.uint32();
        break;
      case 0x22:
        traceparent = reader.string();
        break;
      case 0x28:
        stream = reader.bool();
        break;
      case 0x30:
        credit = reader.uint32();
        break;
      default:
        reader.skip(tag);
    }
  }
  return { kind: "call", id, request, timeoutMs, traceparent, stream, credit };
}

/** The size of one entry of SessionRequest.frames. */
export function clientFrameSize(frame: ClientFrame): number {
  return fieldSize(fieldSize(bodySize(frame)));
}

function bodySize(frame: ClientFrame): number {
  switch (frame.kind) {
    case "open":
      return frame.module === "" ? 0 : fieldSize(Buffer.byteLength(frame.module));
    case "call": {
      const { id, request, timeoutMs, traceparent, credit } = frame;
      return (
        numberSize(id) +
        fieldSize(request.length) +
        numberSize(timeoutMs) +
        (traceparent === "" ? 0 : fieldSize(Buffer.byteLength(traceparent))) +
        (frame.stream ? 2 : 0) +
        numberSize(credit)
      );
    }
    case "cancel":
      return numberSize(frame.id);
    case "credit":
      return numberSize(frame.id) + numberSize(frame.items);
  }
}

const FIELD = { open: 0x0a, call: 0x12, cancel: 0x1a, credit: 0x22 } as const;

/** Writes one entry of SessionRequest.frames; returns the position behind it. */
export function writeClientFrame(frame: ClientFrame, out: Buffer, at: number): number {
  const size = bodySize(frame);
  let pos = at;
  out[pos++] = 0x0a;
  pos = writeVarint(out, pos, fieldSize(size));
  out[pos++] = FIELD[frame.kind];
  pos = writeVarint(out, pos, size);
  switch (frame.kind) {
    case "open":
      return frame.module === "" ? pos : writeString(out, pos, 0x0a, frame.module);
    case "call": {
      pos = writeNumber(out, pos, 0x08, frame.id);
      out[pos++] = 0x12;
      pos = writeVarint(out, pos, frame.request.length);
      pos += frame.request.copy(out, pos);
      pos = writeNumber(out, pos, 0x18, frame.timeoutMs);
      if (frame.traceparent !== "") pos = writeString(out, pos, 0x22, frame.traceparent);
      if (frame.stream) pos = writeNumber(out, pos, 0x28, 1);
      return writeNumber(out, pos, 0x30, frame.credit);
    }
    case "cancel":
      return writeNumber(out, pos, 0x08, frame.id);
    case "credit":
      return writeNumber(out, writeNumber(out, pos, 0x08, frame.id), 0x10, frame.items);
  }
}

/** A SessionRequest. */
export function encodeClientFrames(frames: readonly ClientFrame[]): Buffer {
  const out = Buffer.allocUnsafe(frames.reduce((size, frame) => size + clientFrameSize(frame), 0));
  let pos = 0;
  for (const frame of frames) pos = writeClientFrame(frame, out, pos);
  return out;
}

function numberSize(value: number): number {
  return value === 0 ? 0 : 1 + varintSize(value);
}

function writeNumber(out: Buffer, pos: number, tag: number, value: number): number {
  if (value === 0) return pos;
  out[pos] = tag;
  return writeVarint(out, pos + 1, value);
}

function writeString(out: Buffer, at: number, tag: number, value: string): number {
  out[at] = tag;
  const pos = writeVarint(out, at + 1, Buffer.byteLength(value));
  return pos + out.write(value, pos);
}
