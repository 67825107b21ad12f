import podule, { Complex } from "../client/podule.ts";
import { PythonSyntaxError } from "./tokens.ts";

/** A number as Python writes it: an int of any size, a float or an imaginary number. */
export function numberOf(text: string): unknown {
  const digits = text.replaceAll("_", "");
  if (/^0[xob]/i.test(digits)) return small(BigInt(digits.toLowerCase()));
  if (/j$/i.test(digits)) return new Complex(0, Number(digits.slice(0, -1)));
  if (/[.e]/i.test(digits)) return podule.float(Number(digits));
  if (/^0+[1-9]/.test(digits)) throw new PythonSyntaxError("an int does not begin with 0");
  return small(BigInt(digits));
}

function small(value: bigint): number | bigint {
  return BigInt.asIntN(53, value) === value ? Number(value) : value;
}
