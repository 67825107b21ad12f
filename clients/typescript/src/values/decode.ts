import { Reader, WireError } from "../wire/reader.ts";
import { ArrowData, arrowKind } from "./arrow.ts";
import { ByteArray, ellipsis, FrozenSet, type Tuple, tuple } from "./containers.ts";
import { decodeNdArray, decodePacked, decodeSurrogates, ownBytes, signedBigEndian } from "./decode-parts.ts";
import {
  decodeComplex,
  decodeEnum,
  decodeFraction,
  decodeRange,
  decodeRecord,
  decodeSlice,
  decodeTime,
  decodeTimeDelta,
} from "./decode-records.ts";
import { Decimal } from "./numbers.ts";
import { PyDate, PyDateTime, PyTime } from "./times.ts";
import { Uuid } from "./uuid.ts";

/** An object of the session, as a result names it. */
export interface ObjectRef {
  readonly id: number;
  readonly type: string;
  readonly callable: boolean;
  /** Whether `value` was sent along. */
  readonly hasValue: boolean;
  readonly value: unknown;
}

export interface DecodeContext {
  object(ref: ObjectRef): unknown;
}

// The protocol allows 48; an enum or a slice around a value is a level here, too.
const MAX_DEPTH = 100;

/** Reads values. With `views` the buffer belongs to the value alone, and its arrays may stay inside it. */
export class Decoder {
  readonly reader: Reader;
  views: boolean;
  readonly #context: DecodeContext;
  #depth = 0;

  constructor(buffer: Buffer, context: DecodeContext, views = false) {
    this.reader = new Reader(buffer);
    this.#context = context;
    this.views = views;
  }

  /** Goes on in another buffer, at a message in it. */
  reset(buffer: Buffer, start: number, end: number, views: boolean): Reader {
    const { reader } = this;
    reader.buffer = buffer;
    reader.pos = start;
    reader.end = end;
    this.views = views;
    this.#depth = 0;
    return reader;
  }

  /** The Value whose length comes next. */
  value(): unknown {
    const { reader } = this;
    const outer = reader.end;
    const end = reader.limit();
    if (++this.#depth > MAX_DEPTH) throw new WireError("a value is too deep");
    reader.end = end;
    let value: unknown = null;
    while (reader.pos < end) value = this.#kind(reader, value);
    reader.end = outer;
    this.#depth--;
    return value;
  }

  /** Runs `read` inside the message whose length comes next, once for each of its fields. */
  fields(read: (tag: number) => void): void {
    const { reader } = this;
    const outer = reader.end;
    const end = reader.limit();
    reader.end = end;
    while (reader.pos < end) read(reader.varint());
    reader.end = outer;
  }

  #kind(reader: Reader, before: unknown): unknown {
    const tag = reader.varint();
    switch (tag) {
      case 0x08:
        reader.varint();
        return null;
      case 0x10:
        return reader.varint() !== 0;
      case 0x18:
        return reader.sint64();
      case 0x21:
        return reader.double();
      case 0x2a:
        return reader.string();
      case 0x32:
        return ownBytes(reader.bytes(), this.views);
      case 0x3a:
        return this.#items([]);
      case 0x42:
        return this.#items(tuple());
      case 0x4a:
        return new Set(this.#items([]));
      case 0x52:
        return new FrozenSet(this.#items([]));
      case 0x5a:
        return this.#dict();
      case 0x62:
        return decodeNdArray(this);
      case 0x6a:
        return signedBigEndian(reader.bytes());
      case 0x72:
        return decodeComplex(this);
      case 0x7a:
        return decodeSurrogates(reader.bytes());
      default:
        return this.#rareKind(tag, before);
    }
  }

  #rareKind(tag: number, before: unknown): unknown {
    const { reader } = this;
    switch (tag) {
      case 0x82:
        return decodeSlice(this);
      case 0x8a:
        return decodeRange(this);
      case 0x90:
        reader.varint();
        return ellipsis;
      case 0x9a:
        return new Decimal(reader.string());
      case 0xa2:
        return decodeFraction(this);
      case 0xaa: {
        const { iso, zone, fold } = decodeTime(this);
        return new PyDateTime(iso, zone, fold);
      }
      case 0xb2:
        return new PyDate(reader.string());
      case 0xba: {
        const { iso, zone, fold } = decodeTime(this);
        return new PyTime(iso, zone, fold);
      }
      case 0xc2:
        return decodeTimeDelta(this);
      case 0xca: {
        const bytes = reader.bytes();
        if (bytes.length !== 16) throw new WireError(`a uuid has 16 bytes, not ${bytes.length}`);
        return new Uuid(bytes);
      }
      case 0xd2:
        return decodeEnum(this);
      case 0xda:
        return decodeRecord(this, "namedtuple");
      case 0xe2:
        return decodeRecord(this, "dataclass");
      case 0xea:
        return this.#arrow();
      case 0xfa:
        return new ByteArray(ownBytes(reader.bytes(), this.views));
      case 0x102:
        return this.#object();
      default:
        // Beside the kind: a numpy scalar's dtype, which JavaScript has no use for, and what newer servers add.
        if (tag >> 3 <= 33) throw new WireError(`a value of kind ${tag >> 3} is not read by this client`);
        reader.skipField(tag);
        return before;
    }
  }

  #items<A extends unknown[] | Tuple>(items: A): A {
    this.fields((tag) => {
      if (tag === 0x0a) items.push(this.value());
      else if (tag === 0x12 || tag === 0x1a) decodePacked(this.reader, tag, items);
      else this.reader.skipField(tag);
    });
    return items;
  }

  #dict(): Map<unknown, unknown> {
    const keys: unknown[] = [];
    const values: unknown[] = [];
    this.fields((tag) => {
      if (tag === 0x0a) keys.push(this.value());
      else if (tag === 0x12) values.push(this.value());
      else this.reader.skipField(tag);
    });
    if (keys.length !== values.length) throw new WireError("a dict has more keys than values");
    return new Map(keys.map((key, i) => [key, values[i]]));
  }

  #arrow(): ArrowData {
    let kind = 0;
    let ipc: Uint8Array = new Uint8Array();
    this.fields((tag) => {
      if (tag === 0x08) kind = this.reader.varint();
      else if (tag === 0x12) ipc = ownBytes(this.reader.bytes(), this.views);
      else this.reader.skipField(tag);
    });
    const known = arrowKind(kind);
    if (known === undefined) throw new WireError(`arrow data of kind ${kind} is not known`);
    return new ArrowData(known, ipc);
  }

  #object(): unknown {
    let id = 0;
    let type = "";
    let callable = false;
    let value: unknown;
    let hasValue = false;
    this.fields((tag) => {
      if (tag === 0x08) id = this.reader.varint();
      else if (tag === 0x12) type = this.reader.string();
      else if (tag === 0x1a) {
        value = this.value();
        hasValue = true;
      } else if (tag === 0x20) callable = this.reader.varint() !== 0;
      else this.reader.skipField(tag);
    });
    return this.#context.object({ id, type, callable, hasValue, value });
  }
}

/** For values outside of a session, where there are no objects. */
export const NO_OBJECTS: DecodeContext = {
  object: () => {
    throw new WireError("an object outside of a session");
  },
};
