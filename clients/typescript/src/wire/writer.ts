const SLAB_BYTES = 256 * 1024;
const FRAME_ROOM = 4096;

/** Bytes of the caller's that belong into the message at `at`, but are not copied into the writer. */
export interface External {
  at: number;
  readonly bytes: Uint8Array;
}

/** What a writer had written between two positions, taken out of it. */
export interface Written {
  readonly bytes: Buffer;
  /** Positions are relative to `bytes`; in order. */
  readonly externals: readonly External[];
  /** Of `bytes` and all externals. */
  readonly size: number;
}

/**
 * Writes protobuf messages one behind the other into slabs. Positions are of the present slab; they stay valid
 * until the next `room`. What was taken is never written over.
 */
export class Writer {
  buffer: Buffer;
  pos = 0;
  externals: External[] = [];

  constructor(bytes = SLAB_BYTES) {
    this.buffer = Buffer.allocUnsafeSlow(bytes);
  }

  /** Between frames only: makes sure that an ordinary frame fits, moving what is there from `start` if it must. Returns the new start. */
  room(start: number): number {
    if (this.buffer.length - this.pos >= FRAME_ROOM) return start;
    const length = this.pos - start;
    const next = Buffer.allocUnsafeSlow(Math.max(SLAB_BYTES, 2 * length));
    this.buffer.copy(next, 0, start, this.pos);
    this.buffer = next;
    this.pos = length;
    return 0;
  }

  need(bytes: number): void {
    if (this.pos + bytes > this.buffer.length) this.#grow(bytes);
  }

  #grow(bytes: number): void {
    const next = Buffer.allocUnsafeSlow(Math.max(2 * this.buffer.length, this.pos + bytes + FRAME_ROOM));
    this.buffer.copy(next, 0, 0, this.pos);
    this.buffer = next;
  }

  /** Takes what was written since `start`, which leaves the writer. */
  take(start: number): Written {
    const bytes = this.buffer.subarray(start, this.pos);
    let size = bytes.length;
    const externals = this.externals.splice(this.#externalsFrom(start));
    for (const external of externals) {
      external.at -= start;
      size += external.bytes.length;
    }
    return { bytes, externals, size };
  }

  /** Forgets what was written since `start`. */
  truncate(start: number): void {
    this.externals.length = this.#externalsFrom(start);
    this.pos = start;
  }

  #externalsFrom(start: number): number {
    let index = this.externals.length;
    while (index > 0 && (this.externals[index - 1]?.at ?? 0) >= start) index--;
    return index;
  }

  /** A tag of one byte. */
  tag(tag: number): void {
    this.need(11);
    this.buffer[this.pos++] = tag;
  }

  /** A tag of field 16 and above. */
  longTag(tag: number): void {
    this.need(12);
    this.buffer[this.pos++] = (tag & 127) | 128;
    this.buffer[this.pos++] = tag >>> 7;
  }

  /** A non-negative safe integer; the room is there after a tag. */
  varint(value: number): void {
    if (value < 128) {
      this.buffer[this.pos++] = value;
      return;
    }
    this.need(10);
    this.pos = putVarint(this.buffer, this.pos, value);
  }

  /** A 64-bit varint. */
  varint64(value: bigint): void {
    this.need(10);
    let rest = BigInt.asUintN(64, value);
    while (rest > 127n) {
      this.buffer[this.pos++] = Number(rest & 127n) | 128;
      rest >>= 7n;
    }
    this.buffer[this.pos++] = Number(rest);
  }

  double(value: number): void {
    this.need(8);
    this.pos = this.buffer.writeDoubleLE(value, this.pos);
  }

  /** A length and its bytes; the bytes stay where they are when there are many: they must not change until they are sent. */
  bytes(bytes: Uint8Array, copyBelow = 65_536): void {
    this.varint(bytes.length);
    if (bytes.length >= copyBelow) {
      this.externals.push({ at: this.pos, bytes });
      return;
    }
    this.need(bytes.length);
    this.buffer.set(bytes, this.pos);
    this.pos += bytes.length;
  }

  /** A length and the text in UTF-8; lone surrogates must have been dealt with. */
  string(text: string): void {
    const length = text.length;
    this.need(length + 5);
    if (length < 64 && this.#ascii(text, length)) return;
    const start = this.begin();
    this.need(3 * length);
    this.pos += this.buffer.write(text, this.pos);
    this.end(start);
  }

  #ascii(text: string, length: number): boolean {
    const { buffer } = this;
    let at = this.pos;
    buffer[at++] = length;
    for (let i = 0; i < length; i++) {
      const code = text.charCodeAt(i);
      if (code > 127) return false;
      buffer[at++] = code;
    }
    this.pos = at;
    return true;
  }

  /** Begins a message of unknown length behind its tag. */
  begin(): number {
    this.need(1);
    return ++this.pos;
  }

  /** Ends what `begin` began: writes its length, moving the content if that takes more than one byte. */
  end(start: number): void {
    let length = this.pos - start;
    for (let i = this.externals.length - 1; i >= 0; i--) {
      const external = this.externals[i];
      if (external === undefined || external.at < start) break;
      length += external.bytes.length;
    }
    if (length < 128) {
      this.buffer[start - 1] = length;
      return;
    }
    const extra = varintSize(length) - 1;
    this.need(extra);
    this.buffer.copyWithin(start + extra, start, this.pos);
    for (let i = this.externals.length - 1; i >= 0; i--) {
      const external = this.externals[i];
      if (external === undefined || external.at < start) break;
      external.at += extra;
    }
    putVarint(this.buffer, start - 1, length);
    this.pos += extra;
  }
}

/** All that was written, in order, where it is. */
export function piecesOf({ bytes, externals }: Written): Uint8Array[] {
  const pieces: Uint8Array[] = [];
  let from = 0;
  for (const external of externals) {
    if (external.at > from) pieces.push(bytes.subarray(from, external.at));
    pieces.push(external.bytes);
    from = external.at;
  }
  if (from < bytes.length) pieces.push(bytes.subarray(from));
  return pieces;
}

export function varintSize(value: number): number {
  let size = 1;
  for (let rest = value; rest >= 128; rest = Math.floor(rest / 128)) size++;
  return size;
}

/** Returns the position after it. */
export function putVarint(buffer: Uint8Array, at: number, value: number): number {
  let rest = value;
  let pos = at;
  while (rest >= 0x8000_0000) {
    buffer[pos++] = (rest % 128) | 128;
    rest = Math.floor(rest / 128);
  }
  while (rest > 127) {
    buffer[pos++] = (rest & 127) | 128;
    rest >>>= 7;
  }
  buffer[pos++] = rest;
  return pos;
}
