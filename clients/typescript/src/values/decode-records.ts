import { WireError } from "../wire/reader.ts";
import { Range, Slice } from "./containers.ts";
import type { Decoder } from "./decode.ts";
import { Complex, Fraction } from "./numbers.ts";
import { DataClass, EnumMember, NamedTuple } from "./records.ts";
import { TimeDelta } from "./times.ts";

export function decodeComplex(decoder: Decoder): Complex {
  let real = 0;
  let imag = 0;
  decoder.fields((tag) => {
    if (tag === 0x09) real = decoder.reader.double();
    else if (tag === 0x11) imag = decoder.reader.double();
    else decoder.reader.skipField(tag);
  });
  return new Complex(real, imag);
}

export function decodeSlice(decoder: Decoder): Slice {
  const [start = null, stop = null, step = null] = parts(decoder);
  return new Slice(start, stop, step);
}

export function decodeRange(decoder: Decoder): Range {
  const [start, stop, step] = parts(decoder);
  return new Range(intOf(start ?? 0), intOf(stop ?? 0), intOf(step ?? 1));
}

export function decodeFraction(decoder: Decoder): Fraction {
  const [numerator, denominator] = parts(decoder);
  return new Fraction(intOf(numerator ?? 0), intOf(denominator ?? 1));
}

function parts(decoder: Decoder): unknown[] {
  const found: unknown[] = [undefined, undefined, undefined];
  decoder.fields((tag) => {
    if (tag === 0x0a || tag === 0x12 || tag === 0x1a) found[(tag >> 3) - 1] = decoder.value();
    else decoder.reader.skipField(tag);
  });
  return found;
}

function intOf(value: unknown): number | bigint {
  if (typeof value === "number" || typeof value === "bigint") return value;
  throw new WireError("an int was expected");
}

export function decodeTime(decoder: Decoder): { iso: string; zone: string; fold: 0 | 1 } {
  let iso = "";
  let zone = "";
  let fold: 0 | 1 = 0;
  decoder.fields((tag) => {
    if (tag === 0x0a) iso = decoder.reader.string();
    else if (tag === 0x12) zone = decoder.reader.string();
    else if (tag === 0x18) fold = decoder.reader.varint() === 0 ? 0 : 1;
    else decoder.reader.skipField(tag);
  });
  return { iso, zone, fold };
}

export function decodeTimeDelta(decoder: Decoder): TimeDelta {
  const { reader } = decoder;
  let days = 0;
  let seconds = 0;
  let microseconds = 0;
  decoder.fields((tag) => {
    if (tag === 0x08) days = Number(reader.sint64());
    else if (tag === 0x10) seconds = reader.varint();
    else if (tag === 0x18) microseconds = reader.varint();
    else reader.skipField(tag);
  });
  return new TimeDelta(days, seconds, microseconds);
}

export function decodeEnum(decoder: Decoder): EnumMember {
  let type = "";
  let name = "";
  let value: unknown = null;
  decoder.fields((tag) => {
    if (tag === 0x0a) type = decoder.reader.string();
    else if (tag === 0x12) name = decoder.reader.string();
    else if (tag === 0x1a) value = decoder.value();
    else decoder.reader.skipField(tag);
  });
  return new EnumMember(type, name, value);
}

export function decodeRecord(decoder: Decoder, kind: "namedtuple" | "dataclass"): NamedTuple | DataClass {
  let type = "";
  const names: string[] = [];
  const values: unknown[] = [];
  decoder.fields((tag) => {
    if (tag === 0x0a) type = decoder.reader.string();
    else if (tag === 0x12) names.push(decoder.reader.string());
    else if (tag === 0x1a) values.push(decoder.value());
    else decoder.reader.skipField(tag);
  });
  if (names.length !== values.length) throw new WireError("a record has more names than values");
  return kind === "namedtuple" ? NamedTuple.from_(type, names, values) : new DataClass(type, names, values);
}
