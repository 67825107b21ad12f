/** Travels as a Python float, whatever its value: `float(1)` is 1.0, where the plain number 1 is the int 1. */
export class PyFloat {
  readonly value: number;
  constructor(value: number) {
    this.value = value;
  }
  valueOf(): number {
    return this.value;
  }
}

/** Python's float of this number. */
export function float(value: number): PyFloat {
  return new PyFloat(value);
}

/** Python's int of this number; its fraction is cut off. */
export function int(value: number | bigint | string): bigint {
  return typeof value === "number" ? BigInt(Math.trunc(value)) : BigInt(value);
}

/** A Python complex. */
export class Complex {
  readonly real: number;
  readonly imag: number;
  constructor(real: number, imag = 0) {
    this.real = real;
    this.imag = imag;
  }
  toString(): string {
    return `(${this.real}${this.imag < 0 ? "-" : "+"}${Math.abs(this.imag)}j)`;
  }
}

/** A Python decimal.Decimal, as Python's str() writes it. */
export class Decimal {
  readonly text: string;
  constructor(text: string | number | bigint) {
    this.text = String(text);
  }
  toString(): string {
    return this.text;
  }
  toNumber(): number {
    return Number(this.text);
  }
}

/** A Python fractions.Fraction. */
export class Fraction {
  readonly numerator: number | bigint;
  readonly denominator: number | bigint;
  constructor(numerator: number | bigint, denominator: number | bigint = 1) {
    this.numerator = numerator;
    this.denominator = denominator;
  }
  toString(): string {
    return `${this.numerator}/${this.denominator}`;
  }
  toNumber(): number {
    return Number(this.numerator) / Number(this.denominator);
  }
}
