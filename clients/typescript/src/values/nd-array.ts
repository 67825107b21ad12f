import { type ArrayElements, dtypeOf, halfToNumber, itemSize, layoutOf } from "./dtype.ts";
import { Complex } from "./numbers.ts";

export interface NdArrayOptions {
  /** numpy's dtype string ("<f8"). Default: that of the typed array. */
  readonly dtype?: string;
  /** Default: one dimension. */
  readonly shape?: readonly number[];
  /** Order of the elements in memory: C (rows first, the default) or Fortran. */
  readonly order?: "C" | "F";
  /** A numpy scalar rather than an array of no dimension. */
  readonly scalar?: boolean;
  /** The repr of a structured dtype's `descr`; `dtype` is then empty and the elements are bytes. */
  readonly descr?: string;
}

type Nested = unknown;

/** A numpy array: its elements in one typed array, and how to read them. */
export class NdArray<T extends ArrayElements = ArrayElements> {
  readonly data: T;
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly order: "C" | "F";
  readonly scalar: boolean;
  readonly descr: string;

  constructor(data: T, options: NdArrayOptions = {}) {
    this.data = data;
    this.descr = options.descr ?? "";
    this.dtype = options.dtype ?? (this.descr === "" ? dtypeOf(data) : "");
    this.shape = options.shape ?? (options.scalar ? [] : [this.#count(data)]);
    this.order = options.order ?? "C";
    this.scalar = options.scalar ?? false;
    const bytes = itemSize(this.dtype);
    if (bytes !== undefined && bytes * this.size !== data.byteLength) {
      throw new RangeError(
        `an array of shape (${this.shape.join(", ")}) and dtype ${this.dtype} has ${bytes * this.size} bytes, not ${data.byteLength}`,
      );
    }
  }

  #count(data: T): number {
    const bytes = itemSize(this.dtype);
    return bytes === undefined || bytes === 0 ? data.length : data.byteLength / bytes;
  }

  /** The number of elements. */
  get size(): number {
    return this.shape.reduce((product, length) => product * length, 1);
  }

  /** The element at these indices, one a dimension. */
  get(...indices: number[]): Nested {
    if (indices.length !== this.shape.length) {
      throw new RangeError(`the array has ${this.shape.length} dimensions, not ${indices.length}`);
    }
    const strides = this.#strides();
    let offset = 0;
    indices.forEach((given, axis) => {
      const length = this.shape[axis] ?? 0;
      const index = given < 0 ? given + length : given;
      if (!(index >= 0 && index < length)) {
        throw new RangeError(`index ${given} is out of bounds for axis ${axis} with size ${length}`);
      }
      offset += index * (strides[axis] ?? 0);
    });
    return this.#element(offset);
  }

  /** Nested arrays of numbers, as Python's tolist(); a bare element for no dimension. */
  toNested(): Nested {
    const strides = this.#strides();
    const level = (axis: number, offset: number): Nested => {
      const length = this.shape[axis];
      if (length === undefined) return this.#element(offset);
      const stride = strides[axis] ?? 0;
      return Array.from({ length }, (_, i) => level(axis + 1, offset + i * stride));
    };
    return level(0, 0);
  }

  /** The same array with another shape, on the same memory. */
  reshape(...shape: number[]): NdArray<T> {
    const { dtype, order, descr } = this;
    return new NdArray(this.data, { dtype, order, descr, shape });
  }

  #strides(): number[] {
    const strides = new Array<number>(this.shape.length);
    const axes = [...this.shape.keys()];
    if (this.order === "C") axes.reverse();
    let stride = 1;
    for (const axis of axes) {
      strides[axis] = stride;
      stride *= this.shape[axis] ?? 1;
    }
    return strides;
  }

  #element(index: number): Nested {
    const { data, dtype } = this;
    const per = layoutOf(dtype).per;
    if (per === 2) return new Complex(Number(data[2 * index]), Number(data[2 * index + 1]));
    if (dtype === "|b1") return data[index] !== 0;
    if (dtype === "<f2") return halfToNumber(Number(data[index]));
    const bytes = itemSize(dtype);
    if (layoutOf(dtype).elements === Uint8Array && dtype !== "|u1") {
      const size = bytes ?? (this.size === 0 ? 0 : data.byteLength / this.size);
      return rawElement(dtype, new Uint8Array(data.buffer, data.byteOffset + index * size, size));
    }
    return data[index];
  }
}

/** A numpy array of these elements. */
export function ndarray<T extends ArrayElements>(data: T, ...shape: number[]): NdArray<T> {
  return new NdArray(data, shape.length === 0 ? {} : { shape });
}

function rawElement(dtype: string, bytes: Uint8Array): string | Uint8Array {
  if (!dtype.startsWith("<U")) return bytes;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let text = "";
  for (let at = 0; at + 4 <= bytes.length; at += 4) {
    const code = view.getUint32(at, true);
    if (code !== 0 && code <= 0x10ffff) text += String.fromCodePoint(code);
  }
  return text;
}
