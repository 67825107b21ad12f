import { statusError } from "@podule/grpc";
import { Status } from "nice-grpc-common";

/** What a peer sent is not what its protocol says. */
export function malformed(message: string) {
  return statusError(Status.INVALID_ARGUMENT, "MALFORMED_MESSAGE", message);
}

const strictUtf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Reads the protobuf wire format of one message. Bytes are subarrays of the buffer, never copies. */
export class WireReader {
  readonly #bytes: Buffer;
  pos = 0;
  end: number;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
    this.end = bytes.length;
  }

  get done(): boolean {
    return this.pos >= this.end;
  }

  /** The next field's tag: its number << 3 | wire type. */
  tag(): number {
    const tag = this.uint32();
    if (tag >>> 3 === 0) throw malformed("Malformed protobuf: a field with the number 0");
    return tag;
  }

  /** A varint as protobuf reads it into a uint32: the lower 32 bits. */
  uint32(): number {
    const byte = this.#byte();
    if (byte < 0x80) return byte;
    let value = byte & 0x7f;
    for (let shift = 7; shift < 70; shift += 7) {
      const next = this.#byte();
      if (shift < 32) value |= (next & 0x7f) << shift;
      if (next < 0x80) return value >>> 0;
    }
    throw malformed("Malformed protobuf: a varint of more than 10 bytes");
  }

  bool(): boolean {
    let seen = 0;
    for (let count = 0; count < 10; count++) {
      const byte = this.#byte();
      seen |= byte & 0x7f;
      if (byte < 0x80) return seen !== 0;
    }
    throw malformed("Malformed protobuf: a varint of more than 10 bytes");
  }

  /** A uint64 that must fit a JavaScript number. */
  uint53(): number {
    const byte = this.#byte();
    if (byte < 0x80) return byte;
    let value = byte & 0x7f;
    let scale = 0x80;
    for (let count = 1; count < 10; count++) {
      const next = this.#byte();
      value += (next & 0x7f) * scale;
      scale *= 0x80;
      if (next < 0x80) {
        if (value > Number.MAX_SAFE_INTEGER) throw malformed("An id is larger than 2^53 - 1");
        return value;
      }
    }
    throw malformed("Malformed protobuf: a varint of more than 10 bytes");
  }

  /** The end of a length-delimited field that begins here. */
  lengthDelimited(): number {
    const length = this.uint32();
    if (length > this.end - this.pos)
      throw malformed("Malformed protobuf: a field reaches beyond its message");
    return this.pos + length;
  }

  bytes(): Buffer {
    const end = this.lengthDelimited();
    const value = this.#bytes.subarray(this.pos, end);
    this.pos = end;
    return value;
  }

  /** A packed repeated uint64. */
  packed(visit: (value: number) => void): void {
    const end = this.lengthDelimited();
    const outer = this.end;
    this.end = end;
    while (!this.done) visit(this.uint53());
    this.end = outer;
  }

  string(): string {
    const value = this.bytes();
    if (value.length === 0) return "";
    try {
      return strictUtf8.decode(value);
    } catch {
      throw malformed("Malformed protobuf: a string is not UTF-8");
    }
  }

  skip(tag: number): void {
    switch (tag & 7) {
      case 0:
        this.uint32();
        return;
      case 1:
        this.#advance(8);
        return;
      case 2:
        this.pos = this.lengthDelimited();
        return;
      case 5:
        this.#advance(4);
        return;
      default:
        throw malformed(`Malformed protobuf: wire type ${tag & 7}`);
    }
  }

  #advance(count: number): void {
    if (count > this.end - this.pos) throw malformed("Malformed protobuf: the message is cut off");
    this.pos += count;
  }

  #byte(): number {
    const byte = this.pos < this.end ? this.#bytes[this.pos++] : undefined;
    if (byte === undefined) throw malformed("Malformed protobuf: the message is cut off");
    return byte;
  }
}

/** Bytes that a varint takes. */
export function varintSize(value: number): number {
  if (value < 0x80) return 1;
  if (value < 0x4000) return 2;
  if (value < 0x20_0000) return 3;
  if (value < 0x1000_0000) return 4;
  let size = 5;
  for (let rest = Math.floor(value / 0x8_0000_0000); rest > 0; rest = Math.floor(rest / 0x80)) size++;
  return size;
}

/** Writes a non-negative integer up to 2^53 - 1 as a varint; returns the position behind it. */
export function writeVarint(out: Buffer, at: number, value: number): number {
  let rest = value;
  let pos = at;
  while (rest > 0x7fff_ffff) {
    out[pos++] = (rest % 0x80) | 0x80;
    rest = Math.floor(rest / 0x80);
  }
  while (rest > 0x7f) {
    out[pos++] = (rest & 0x7f) | 0x80;
    rest >>>= 7;
  }
  out[pos++] = rest;
  return pos;
}

/** The size of a length-delimited field whose tag takes one byte. */
export function fieldSize(length: number): number {
  return 1 + varintSize(length) + length;
}
