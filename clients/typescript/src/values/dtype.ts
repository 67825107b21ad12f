/** Typed arrays that hold the elements of an array. */
export type ArrayElements =
  | Uint8Array
  | Int8Array
  | Uint16Array
  | Int16Array
  | Uint32Array
  | Int32Array
  | Float32Array
  | Float64Array
  | BigInt64Array
  | BigUint64Array;

export type ArrayConstructorOf = {
  new (buffer: ArrayBufferLike, byteOffset: number, length: number): ArrayElements;
  readonly BYTES_PER_ELEMENT: number;
};

interface Layout {
  readonly elements: ArrayConstructorOf;
  /** Numbers of `elements` that make one element of the array. */
  readonly per: number;
}

const LAYOUTS = new Map<string, Layout>([
  ["|b1", { elements: Uint8Array, per: 1 }],
  ["|u1", { elements: Uint8Array, per: 1 }],
  ["|i1", { elements: Int8Array, per: 1 }],
  ["<u2", { elements: Uint16Array, per: 1 }],
  ["<i2", { elements: Int16Array, per: 1 }],
  ["<f2", { elements: Uint16Array, per: 1 }],
  ["<u4", { elements: Uint32Array, per: 1 }],
  ["<i4", { elements: Int32Array, per: 1 }],
  ["<f4", { elements: Float32Array, per: 1 }],
  ["<u8", { elements: BigUint64Array, per: 1 }],
  ["<i8", { elements: BigInt64Array, per: 1 }],
  ["<f8", { elements: Float64Array, per: 1 }],
  ["<c8", { elements: Float32Array, per: 2 }],
  ["<c16", { elements: Float64Array, per: 2 }],
]);
const RAW: Layout = { elements: Uint8Array, per: 1 };
const TIMES: Layout = { elements: BigInt64Array, per: 1 };

/** How JavaScript holds elements of this dtype; as bytes where it has no type for them. */
export function layoutOf(dtype: string): Layout {
  return LAYOUTS.get(dtype) ?? (/^<[mM]8/.test(dtype) ? TIMES : RAW);
}

/** numpy's dtype of a typed array. */
export function dtypeOf(elements: ArrayElements): string {
  switch (elements.constructor) {
    case Float64Array:
      return "<f8";
    case Float32Array:
      return "<f4";
    case BigInt64Array:
      return "<i8";
    case BigUint64Array:
      return "<u8";
    case Int32Array:
      return "<i4";
    case Uint32Array:
      return "<u4";
    case Int16Array:
      return "<i2";
    case Uint16Array:
      return "<u2";
    case Int8Array:
      return "|i1";
    default:
      return "|u1";
  }
}

/** Bytes of one element; undefined where the dtype string does not say. */
export function itemSize(dtype: string): number | undefined {
  const match = /^[<|>=]?([a-zA-Z])(\d+)/.exec(dtype);
  if (match === null) return undefined;
  const size = Number(match[2]);
  return match[1] === "U" ? 4 * size : size;
}

/** The number that the 16 bits of a half float mean. */
export function halfToNumber(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}
