import { fieldSize, varintSize, writeVarint } from "./wire.ts";

/**
 * Takes the fields of a message in their order. A layout is written once, as a function of a sink, and serves both to
 * measure and to write. Numbers that are 0, empty strings and false are left out, as proto3 does.
 */
export interface FieldSink {
  number(tag: number, value: number): void;
  flag(tag: number, value: boolean): void;
  string(tag: number, value: string): void;
  /** A message or optional bytes: written even when empty, left out when undefined. */
  bytes(tag: number, value: Buffer | undefined): void;
  /** A repeated uint64, packed. */
  packed(tag: number, values: readonly number[]): void;
}

export class FieldSizer implements FieldSink {
  size = 0;

  number(_tag: number, value: number): void {
    if (value !== 0) this.size += 1 + varintSize(value);
  }

  flag(_tag: number, value: boolean): void {
    if (value) this.size += 2;
  }

  string(_tag: number, value: string): void {
    if (value !== "") this.size += fieldSize(Buffer.byteLength(value));
  }

  bytes(_tag: number, value: Buffer | undefined): void {
    if (value !== undefined) this.size += fieldSize(value.length);
  }

  packed(_tag: number, values: readonly number[]): void {
    if (values.length > 0) this.size += fieldSize(packedSize(values));
  }
}

export class FieldWriter implements FieldSink {
  readonly out: Buffer;
  pos: number;

  constructor(out: Buffer, pos: number) {
    this.out = out;
    this.pos = pos;
  }

  number(tag: number, value: number): void {
    if (value === 0) return;
    this.out[this.pos] = tag;
    this.pos = writeVarint(this.out, this.pos + 1, value);
  }

  flag(tag: number, value: boolean): void {
    if (!value) return;
    this.out[this.pos++] = tag;
    this.out[this.pos++] = 1;
  }

  string(tag: number, value: string): void {
    if (value === "") return;
    this.#begin(tag, Buffer.byteLength(value));
    this.pos += this.out.write(value, this.pos);
  }

  bytes(tag: number, value: Buffer | undefined): void {
    if (value === undefined) return;
    this.#begin(tag, value.length);
    this.pos += value.copy(this.out, this.pos);
  }

  packed(tag: number, values: readonly number[]): void {
    if (values.length === 0) return;
    this.#begin(tag, packedSize(values));
    for (const value of values) this.pos = writeVarint(this.out, this.pos, value);
  }

  #begin(tag: number, length: number): void {
    this.out[this.pos] = tag;
    this.pos = writeVarint(this.out, this.pos + 1, length);
  }
}

function packedSize(values: readonly number[]): number {
  return values.reduce((size, value) => size + varintSize(value), 0);
}
