import { Reader, WireError } from "../wire/reader.ts";

export interface OpenedFrame {
  maxInFlight: number;
  token: string;
  received: number;
  graceMs: number;
}

/** Who acts on what the server says. */
export interface ServerFrames {
  onReceived(count: number): void;
  onOpened(frame: OpenedFrame): void;
  onResult(id: number, buffer: Buffer, start: number, end: number): void;
  onItem(id: number, buffer: Buffer, start: number, end: number): void;
  onEnd(id: number): void;
  onError(id: number, status: Buffer): void;
  onDraining(graceMs: number): void;
  onChunk(id: number, callback: boolean, data: Buffer, total: number): void;
  onCallback(id: number, functionId: number, buffer: Buffer, start: number, end: number): void;
}

/** Reads one SessionResponse. Returns how many of its frames count: those that the server keeps until it is told of them. */
export function readServerMessage(message: Buffer, to: ServerFrames): number {
  const reader = new Reader(message);
  let counted = 0;
  while (reader.pos < reader.end) {
    const tag = reader.varint();
    if (tag === 0x0a) {
      const end = reader.limit();
      if (frame(reader, end, to)) counted++;
      reader.pos = end;
    } else if (tag === 0x10) to.onReceived(reader.varint());
    else reader.skipField(tag);
  }
  return counted;
}

function frame(reader: Reader, frameEnd: number, to: ServerFrames): boolean {
  if (reader.pos === frameEnd) return true;
  const kind = reader.varint();
  const end = reader.limit();
  if (end > frameEnd) throw new WireError("a frame is longer than its envelope");
  switch (kind) {
    case 0x0a:
      to.onOpened(opened(reader, end));
      return false;
    case 0x12:
    case 0x1a:
    case 0x2a:
      return body(kind, reader, end, to);
    case 0x22:
      to.onEnd(onlyNumber(reader, end));
      return true;
    case 0x32:
      to.onDraining(onlyNumber(reader, end));
      return false;
    case 0x3a:
      chunk(reader, end, to);
      return true;
    case 0x42:
      callback(reader, end, to);
      return true;
    default:
      // A newer server's: counted, as every frame is.
      return true;
  }
}

function body(kind: number, reader: Reader, end: number, to: ServerFrames): boolean {
  let id = 0;
  let from = end;
  let until = end;
  while (reader.pos < end) {
    const tag = reader.varint();
    if (tag === 0x08) id = reader.varint();
    else if (tag === 0x12) {
      until = reader.limit();
      from = reader.pos;
      reader.pos = until;
    } else reader.skipField(tag);
  }
  if (kind === 0x12) to.onResult(id, reader.buffer, from, until);
  else if (kind === 0x1a) to.onItem(id, reader.buffer, from, until);
  else to.onError(id, reader.buffer.subarray(from, until));
  return kind !== 0x2a || id !== 0;
}

function opened(reader: Reader, end: number): OpenedFrame {
  const frame: OpenedFrame = { maxInFlight: 0, token: "", received: 0, graceMs: 0 };
  while (reader.pos < end) {
    const tag = reader.varint();
    if (tag === 0x08) frame.maxInFlight = reader.varint();
    else if (tag === 0x12) frame.token = reader.string();
    else if (tag === 0x18) frame.received = reader.varint();
    else if (tag === 0x20) frame.graceMs = reader.varint();
    else reader.skipField(tag);
  }
  return frame;
}

function onlyNumber(reader: Reader, end: number): number {
  let value = 0;
  while (reader.pos < end) {
    const tag = reader.varint();
    if (tag === 0x08) value = reader.varint();
    else reader.skipField(tag);
  }
  return value;
}

function chunk(reader: Reader, end: number, to: ServerFrames): void {
  let id = 0;
  let total = 0;
  let isCallback = false;
  let data: Buffer | undefined;
  while (reader.pos < end) {
    const tag = reader.varint();
    if (tag === 0x08) id = reader.varint();
    else if (tag === 0x12) data = reader.bytes();
    else if (tag === 0x18) total = reader.varint();
    else if (tag === 0x20) isCallback = reader.varint() !== 0;
    else reader.skipField(tag);
  }
  to.onChunk(id, isCallback, data ?? Buffer.alloc(0), total);
}

function callback(reader: Reader, end: number, to: ServerFrames): void {
  let id = 0;
  let functionId = 0;
  let from = end;
  let until = end;
  while (reader.pos < end) {
    const tag = reader.varint();
    if (tag === 0x08) id = reader.varint();
    else if (tag === 0x10) functionId = reader.varint();
    else if (tag === 0x1a) {
      until = reader.limit();
      from = reader.pos;
      reader.pos = until;
    } else reader.skipField(tag);
  }
  to.onCallback(id, functionId, reader.buffer, from, until);
}
