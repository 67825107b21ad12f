/** The bytes are no message of the protocol. */
export class WireError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "WireError";
  }
}

const TWO_32 = 2 ** 32;

/** Reads protobuf fields from `pos` to `end` of a buffer; never beyond, whatever the bytes say. */
export class Reader {
  buffer: Buffer;
  pos: number;
  end: number;

  constructor(buffer: Buffer, pos = 0, end = buffer.length) {
    this.buffer = buffer;
    this.pos = pos;
    this.end = end;
  }

  byte(): number {
    const byte = this.pos < this.end ? this.buffer[this.pos++] : undefined;
    if (byte === undefined) throw new WireError("a message ends too early");
    return byte;
  }

  /** A varint below 2^53; what is beyond loses precision: use `varint64`. */
  varint(): number {
    const first = this.byte();
    if (first < 128) return first;
    let value = first & 127;
    let scale = 128;
    for (let i = 1; i < 10; i++) {
      const byte = this.byte();
      value += (byte & 127) * scale;
      if (byte < 128) return value;
      scale *= 128;
    }
    throw new WireError("a varint is longer than 10 bytes");
  }

  varint64(): bigint {
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = this.byte();
      value |= BigInt(byte & 127) << shift;
      if (byte < 128) return BigInt.asUintN(64, value);
    }
    throw new WireError("a varint is longer than 10 bytes");
  }

  /** sint64: a number where that is exact, else a bigint. */
  sint64(): number | bigint {
    const start = this.pos;
    const raw = this.varint();
    if (raw <= Number.MAX_SAFE_INTEGER) return raw % 2 === 0 ? raw / 2 : -(raw + 1) / 2;
    this.pos = start;
    const zigzag = this.varint64();
    const value = (zigzag >> 1n) ^ -(zigzag & 1n);
    return narrow(value);
  }

  sfixed64(): number | bigint {
    const at = this.skip(8);
    const high = this.buffer.readInt32LE(at + 4);
    if (high >= -0x20_0000 && high < 0x20_0000) {
      const value = high * TWO_32 + this.buffer.readUInt32LE(at);
      if (Number.isSafeInteger(value)) return value;
    }
    return this.buffer.readBigInt64LE(at);
  }

  double(): number {
    return this.buffer.readDoubleLE(this.skip(8));
  }

  /** Passes `bytes` bytes and returns where they began. */
  skip(bytes: number): number {
    const at = this.pos;
    if (bytes > this.end - at) throw new WireError("a message ends too early");
    this.pos = at + bytes;
    return at;
  }

  /** The end of a length-delimited field whose length comes next. */
  limit(): number {
    const length = this.varint();
    if (length > this.end - this.pos) throw new WireError("a field is longer than its message");
    return this.pos + length;
  }

  string(): string {
    const end = this.limit();
    const start = this.pos;
    this.pos = end;
    return this.buffer.toString("utf8", start, end);
  }

  bytes(): Buffer {
    const end = this.limit();
    const start = this.pos;
    this.pos = end;
    return this.buffer.subarray(start, end);
  }

  skipField(tag: number): void {
    switch (tag & 7) {
      case 0:
        this.varint64();
        return;
      case 1:
        this.skip(8);
        return;
      case 2:
        this.pos = this.limit();
        return;
      case 5:
        this.skip(4);
        return;
      default:
        throw new WireError(`wire type ${tag & 7} is not used by this protocol`);
    }
  }
}

/** A number where that is exact, else the bigint. */
export function narrow(value: bigint): number | bigint {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}
