const HEADER_BYTES = 11;

export interface LogRecord {
  readonly timeMs: number;
  /** 1 stdout, 2 stderr. */
  readonly stream: 1 | 2;
  readonly bytes: Buffer;
}

/** Where a reader is: the next line's position in bytes and its number, counted from the pod's first. */
export interface LogCursor {
  readonly position: number;
  readonly line: number;
}

/**
 * The latest lines of a pod in at most `capacity` bytes, headers included: a record is
 * `u48 time | u8 stream | u32 length | bytes`, and the oldest records give way to new ones.
 * Positions only grow, so that a reader's position stays true when what it pointed at is gone.
 */
export class LogRing {
  readonly #capacity: number;
  #buffer: Buffer;
  /** Position of the oldest record, and how many lines came before it. */
  #start = 0;
  #dropped = 0;
  #end = 0;
  #lines = 0;

  constructor(capacity: number) {
    this.#capacity = capacity;
    this.#buffer = Buffer.allocUnsafe(Math.min(capacity, 4096));
  }

  get bytes(): number {
    return this.#end - this.#start;
  }

  append(timeMs: number, stream: 1 | 2, bytes: Buffer): void {
    const size = HEADER_BYTES + bytes.length;
    if (size > this.#capacity) throw new RangeError("the line is larger than the ring");
    this.#grow(this.bytes + size);
    while (this.bytes + size > this.#buffer.length) this.#dropOldest();
    const header = Buffer.allocUnsafe(HEADER_BYTES);
    header.writeUIntLE(timeMs, 0, 6);
    header.writeUInt8(stream, 6);
    header.writeUInt32LE(bytes.length, 7);
    this.#put(this.#end, header);
    this.#put(this.#end + HEADER_BYTES, bytes);
    this.#end += size;
    this.#lines += 1;
  }

  /** Where the last `lines` lines begin; the oldest kept when fewer are. */
  tail(lines: number): LogCursor {
    let position = this.#start;
    const skipped = Math.max(0, this.#lines - lines);
    for (let skip = skipped; skip > 0; skip--) position += this.#sizeAt(position);
    return { position, line: this.#dropped + skipped };
  }

  /** The line at the cursor, or the oldest kept after it; `lost` lines between them are gone. */
  read(cursor: LogCursor): { record: LogRecord; next: LogCursor; lost: number } | undefined {
    const behind = cursor.position < this.#start;
    const at = behind ? this.#start : cursor.position;
    const line = behind ? this.#dropped : cursor.line;
    if (at >= this.#end) return undefined;
    const header = this.#take(at, HEADER_BYTES);
    const size = header.readUInt32LE(7);
    const record: LogRecord = {
      timeMs: header.readUIntLE(0, 6),
      stream: header.readUInt8(6) === 2 ? 2 : 1,
      bytes: this.#take(at + HEADER_BYTES, size),
    };
    return {
      record,
      next: { position: at + HEADER_BYTES + size, line: line + 1 },
      lost: line - cursor.line,
    };
  }

  #dropOldest(): void {
    this.#start += this.#sizeAt(this.#start);
    this.#dropped += 1;
    this.#lines -= 1;
  }

  #sizeAt(position: number): number {
    return HEADER_BYTES + this.#take(position + 7, 4).readUInt32LE(0);
  }

  /** Doubles the buffer until `needed` bytes fit or the capacity is reached. */
  #grow(needed: number): void {
    if (needed <= this.#buffer.length || this.#buffer.length === this.#capacity) return;
    const kept = this.#take(this.#start, this.bytes);
    this.#buffer = Buffer.allocUnsafe(
      Math.min(this.#capacity, Math.max(this.#buffer.length * 2, 2 ** Math.ceil(Math.log2(needed)))),
    );
    this.#put(this.#start, kept);
  }

  #put(position: number, bytes: Buffer): void {
    const offset = position % this.#buffer.length;
    const first = Math.min(bytes.length, this.#buffer.length - offset);
    bytes.copy(this.#buffer, offset, 0, first);
    bytes.copy(this.#buffer, 0, first);
  }

  #take(position: number, length: number): Buffer {
    const offset = position % this.#buffer.length;
    const result = Buffer.allocUnsafe(length);
    const first = Math.min(length, this.#buffer.length - offset);
    this.#buffer.copy(result, 0, offset, offset + first);
    this.#buffer.copy(result, first, 0, length - first);
    return result;
  }
}
