import { Reader } from "../wire/reader.ts";

export interface Body {
  readonly buffer: Buffer;
  readonly start: number;
  readonly end: number;
}

interface Assembly {
  readonly buffer: Buffer;
  readonly start: number;
  readonly total: number;
  filled: number;
}

/** The largest view that a typed array takes. */
const ALIGNMENT = 16;

/** Bodies that arrive in chunks: each is put together in memory of its own, allocated once. */
export class Assemblies {
  readonly #limit: number;
  readonly #open = new Map<string, Assembly>();

  constructor(limitBytes: number) {
    this.#limit = limitBytes;
  }

  /** Takes one chunk. False: the body is larger than the limit, or its chunks do not fit together. */
  add(key: string, data: Buffer, total: number): boolean {
    const assembly = this.#open.get(key) ?? this.#begin(key, data, total);
    if (assembly === undefined) return false;
    if (assembly.total !== total || data.length > total - assembly.filled) {
      this.#open.delete(key);
      return false;
    }
    data.copy(assembly.buffer, assembly.start + assembly.filled);
    assembly.filled += data.length;
    return true;
  }

  #begin(key: string, data: Buffer, total: number): Assembly | undefined {
    if (total > this.#limit) return undefined;
    const buffer = Buffer.allocUnsafeSlow(total + ALIGNMENT);
    const start = (ALIGNMENT - (arrayOffset(data) % ALIGNMENT)) % ALIGNMENT;
    const assembly = { buffer, start, total, filled: 0 };
    this.#open.set(key, assembly);
    return assembly;
  }

  /** The complete body, which leaves; undefined where there were no chunks; false where some are missing. */
  take(key: string): Body | undefined | false {
    const assembly = this.#open.get(key);
    if (assembly === undefined) return undefined;
    this.#open.delete(key);
    if (assembly.filled !== assembly.total) return false;
    return { buffer: assembly.buffer, start: assembly.start, end: assembly.start + assembly.total };
  }

  drop(key: string): void {
    this.#open.delete(key);
  }

  clear(): void {
    this.#open.clear();
  }
}

/** Where in a response the elements of its array begin, so that they can be read where they arrive; 0 where it is none. */
function arrayOffset(head: Buffer): number {
  try {
    const reader = new Reader(head);
    for (const tag of [0x0a, 0x62]) {
      if (reader.varint() !== tag) return 0;
      reader.varint();
    }
    while (reader.pos < reader.end) {
      const tag = reader.varint();
      if (tag === 0x1a) {
        reader.varint();
        return reader.pos;
      }
      reader.skipField(tag);
    }
  } catch {
    // Not the beginning of an array.
  }
  return 0;
}
