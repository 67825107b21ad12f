import { isUtf8 } from "node:buffer";

export const MAX_LINE_BYTES = 16_384;
const NEWLINE = 0x0a;
const CARRIAGE_RETURN = 0x0d;

/**
 * Splits what a process writes into lines of valid UTF-8, at most MAX_LINE_BYTES each: a longer line is
 * split between two characters, bytes that are not UTF-8 become U+FFFD. Holds less than one line.
 */
export class LineSplitter {
  readonly #emit: (line: Buffer) => void;
  #partial: Buffer = Buffer.alloc(0);

  constructor(emit: (line: Buffer) => void) {
    this.#emit = emit;
  }

  push(chunk: Buffer): void {
    let start = 0;
    for (let at = chunk.indexOf(NEWLINE); at !== -1; at = chunk.indexOf(NEWLINE, start)) {
      this.#line(this.#join(chunk.subarray(start, at)));
      start = at + 1;
    }
    if (start === chunk.length) return;
    let rest = this.#join(chunk.subarray(start));
    while (rest.length > MAX_LINE_BYTES) {
      const cut = boundary(rest, MAX_LINE_BYTES);
      this.#valid(rest.subarray(0, cut));
      rest = rest.subarray(cut);
    }
    // A copy: what is kept must not hold the whole chunk in memory.
    this.#partial = Buffer.from(rest);
  }

  /** The stream has ended: what is left is a line too. */
  end(): void {
    if (this.#partial.length > 0) this.#line(this.#join(Buffer.alloc(0)));
  }

  #join(bytes: Buffer): Buffer {
    if (this.#partial.length === 0) return bytes;
    const joined = Buffer.concat([this.#partial, bytes]);
    this.#partial = Buffer.alloc(0);
    return joined;
  }

  #line(bytes: Buffer): void {
    const ended = bytes.at(-1) === CARRIAGE_RETURN ? bytes.subarray(0, -1) : bytes;
    this.#split(ended);
  }

  #split(bytes: Buffer): void {
    let rest = bytes;
    while (rest.length > MAX_LINE_BYTES) {
      const cut = boundary(rest, MAX_LINE_BYTES);
      this.#valid(rest.subarray(0, cut));
      rest = rest.subarray(cut);
    }
    this.#valid(rest);
  }

  #valid(bytes: Buffer): void {
    if (isUtf8(bytes)) this.#emit(bytes);
    else this.#split(Buffer.from(bytes.toString("utf8")));
  }
}

/** The last index at or before `limit` that does not cut a character in two. */
function boundary(bytes: Buffer, limit: number): number {
  for (let at = limit; at > limit - 4; at--) if (((bytes[at] ?? 0) & 0xc0) !== 0x80) return at;
  return limit;
}
