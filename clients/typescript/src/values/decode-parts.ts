import { type Reader, WireError } from "../wire/reader.ts";
import type { Decoder } from "./decode.ts";
import { itemSize, layoutOf } from "./dtype.ts";
import { NdArray } from "./nd-array.ts";

/** A view into a body that is the value's own; else a copy, so that a small value does not hold a large message. */
export function ownBytes(bytes: Buffer, views: boolean): Uint8Array {
  return views ? new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length) : new Uint8Array(bytes);
}

export function decodePacked(reader: Reader, tag: number, items: unknown[]): void {
  const end = reader.limit();
  if ((end - reader.pos) % 8 !== 0) throw new WireError("a packed list ends inside of an item");
  const outer = reader.end;
  reader.end = end;
  if (tag === 0x12) while (reader.pos < end) items.push(reader.sfixed64());
  else while (reader.pos < end) items.push(reader.double());
  reader.end = outer;
}

export function signedBigEndian(bytes: Buffer): bigint {
  return bytes.length === 0 ? 0n : BigInt.asIntN(8 * bytes.length, BigInt(`0x${bytes.toString("hex")}`));
}

/** UTF-8 in which lone surrogates are three bytes each. */
export function decodeSurrogates(bytes: Buffer): string {
  let text = "";
  let from = 0;
  for (let i = 0; i + 2 < bytes.length; i++) {
    if (bytes[i] !== 0xed || (bytes[i + 1] ?? 0) < 0xa0) continue;
    text += bytes.toString("utf8", from, i);
    text += String.fromCharCode(0xd000 | (((bytes[i + 1] ?? 0) & 63) << 6) | ((bytes[i + 2] ?? 0) & 63));
    i += 2;
    from = i + 1;
  }
  return text + bytes.toString("utf8", from, bytes.length);
}

export function decodeNdArray(decoder: Decoder): NdArray {
  const { reader } = decoder;
  let dtype = "";
  let descr = "";
  let data: Buffer | undefined;
  let fortran = false;
  let scalar = false;
  const shape: number[] = [];
  decoder.fields((tag) => {
    if (tag === 0x0a) dtype = reader.string();
    else if (tag === 0x12) {
      const end = reader.limit();
      while (reader.pos < end) shape.push(reader.varint());
    } else if (tag === 0x10) shape.push(reader.varint());
    else if (tag === 0x1a) data = reader.bytes();
    else if (tag === 0x20) fortran = reader.varint() !== 0;
    else if (tag === 0x28) scalar = reader.varint() !== 0;
    else if (tag === 0x32) descr = reader.string();
    else reader.skipField(tag);
  });
  const bytes = data ?? Buffer.alloc(0);
  const size = itemSize(dtype);
  const count = shape.reduce((product, length) => product * length, 1);
  if (size !== undefined && size * count !== bytes.length) {
    throw new WireError(`an array of ${count} elements of ${dtype} has ${bytes.length} bytes`);
  }
  return new NdArray(elementsOf(bytes, dtype, decoder.views), {
    dtype,
    descr,
    shape,
    order: fortran ? "F" : "C",
    scalar,
  });
}

function elementsOf(bytes: Buffer, dtype: string, views: boolean): NdArray["data"] {
  const { elements: Elements } = layoutOf(dtype);
  const unit = Elements.BYTES_PER_ELEMENT;
  const length = bytes.length / unit;
  if (views && bytes.byteOffset % unit === 0) return new Elements(bytes.buffer, bytes.byteOffset, length);
  const own = new Uint8Array(bytes);
  return new Elements(own.buffer, 0, length);
}
