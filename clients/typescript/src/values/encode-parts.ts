import { putVarint, type Writer } from "../wire/writer.ts";

/** Lists below this length are not worth a look at all of their items. */
const PACKED_FROM = 4;
const TWO_32 = 2 ** 32;

/** Writes `items` as ListValue.ints if all are safe integers; else writes nothing. */
export function packedInts(writer: Writer, items: readonly unknown[]): boolean {
  if (items.length < PACKED_FROM) return false;
  for (const item of items) {
    if (typeof item !== "number" || !Number.isSafeInteger(item) || Object.is(item, -0)) return false;
  }
  const at = packed(writer, 0x12, items.length);
  const view = viewOf(writer);
  for (let i = 0; i < items.length; i++) {
    const item = Number(items[i]);
    view.setUint32(at + 8 * i, item >>> 0, true);
    view.setInt32(at + 8 * i + 4, Math.floor(item / TWO_32), true);
  }
  return true;
}

/** Writes `items` as ListValue.floats if all are numbers that travel as floats; else writes nothing. */
export function packedFloats(writer: Writer, items: readonly unknown[]): boolean {
  if (items.length < PACKED_FROM) return false;
  for (const item of items) {
    if (typeof item !== "number" || (Number.isSafeInteger(item) && !Object.is(item, -0))) return false;
  }
  const at = packed(writer, 0x1a, items.length);
  const view = viewOf(writer);
  for (let i = 0; i < items.length; i++) view.setFloat64(at + 8 * i, Number(items[i]), true);
  return true;
}

function packed(writer: Writer, tag: number, count: number): number {
  writer.need(16 + 8 * count);
  writer.tag(tag);
  writer.pos = putVarint(writer.buffer, writer.pos, 8 * count);
  const at = writer.pos;
  writer.pos += 8 * count;
  return at;
}

function viewOf(writer: Writer): DataView {
  const { buffer } = writer;
  return new DataView(buffer.buffer, buffer.byteOffset, buffer.byteLength);
}

/** Two's complement, big-endian, in the shortest form. */
export function bigInt(value: bigint): Uint8Array {
  const magnitude = value < 0n ? -value - 1n : value;
  const bits = magnitude === 0n ? 0 : magnitude.toString(2).length;
  const length = Math.floor(bits / 8) + 1;
  const hex = BigInt.asUintN(8 * length, value)
    .toString(16)
    .padStart(2 * length, "0");
  return Buffer.from(hex, "hex");
}

/** UTF-8, with each lone surrogate as three bytes of its own. */
export function surrogatePass(text: string): Uint8Array {
  const bytes = Buffer.allocUnsafe(3 * text.length);
  let at = 0;
  for (const character of text) {
    const code = character.codePointAt(0) ?? 0;
    if (code >= 0xd800 && code <= 0xdfff) {
      bytes[at++] = 0xe0 | (code >> 12);
      bytes[at++] = 0x80 | ((code >> 6) & 63);
      bytes[at++] = 0x80 | (code & 63);
    } else at += bytes.write(character, at);
  }
  return bytes.subarray(0, at);
}
