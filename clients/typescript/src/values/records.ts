import { Tuple } from "./containers.ts";

/** A member of a Python enum. */
export class EnumMember {
  /** "module:QualName" of the enum. */
  readonly type: string;
  readonly name: string;
  readonly value: unknown;
  constructor(type: string, name: string, value: unknown) {
    this.type = type;
    this.name = name;
    this.value = value;
  }
  toString(): string {
    return `${this.type.slice(this.type.indexOf(":") + 1)}.${this.name}`;
  }
}

/** A Python namedtuple: a tuple whose items are also properties, and `get(name)` where a name is taken. */
export class NamedTuple<T = unknown> extends Tuple<T> {
  /** "module:QualName" of the class. */
  declare readonly $type: string;
  declare readonly $names: readonly string[];

  static from_<T>(type: string, names: readonly string[], values: readonly T[]): NamedTuple<T> {
    const made = new NamedTuple<T>();
    for (const value of values) made.push(value);
    hide(made, "$type", type);
    hide(made, "$names", names);
    names.forEach((name, i) => {
      if (!(name in made)) hide(made, name, values[i]);
    });
    return made;
  }

  get(name: string): T | undefined {
    const index = this.$names.indexOf(name);
    return index < 0 ? undefined : this[index];
  }
}

/** A namedtuple of the class `type` ("module:QualName"). */
export function namedTuple<T>(type: string, fields: Iterable<readonly [string, T]>): NamedTuple<T> {
  const pairs = [...fields];
  return NamedTuple.from_(
    type,
    pairs.map(([name]) => name),
    pairs.map(([, value]) => value),
  );
}

/** An instance of a Python dataclass: its fields are properties, and `get(name)` where a name is taken. */
export class DataClass {
  /** "module:QualName" of the class. */
  declare readonly $type: string;
  declare readonly $names: readonly string[];
  declare readonly $values: readonly unknown[];

  constructor(type: string, names: readonly string[], values: readonly unknown[]) {
    hide(this, "$type", type);
    hide(this, "$names", names);
    hide(this, "$values", values);
    names.forEach((name, i) => {
      if (!(name in this)) {
        Object.defineProperty(this, name, { value: values[i], enumerable: true });
      }
    });
  }

  get(name: string): unknown {
    const index = this.$names.indexOf(name);
    return index < 0 ? undefined : this.$values[index];
  }
}

/** An instance of the dataclass `type` ("module:QualName"). */
export function dataClass(type: string, fields: Iterable<readonly [string, unknown]>): DataClass {
  const pairs = [...fields];
  return new DataClass(
    type,
    pairs.map(([name]) => name),
    pairs.map(([, value]) => value),
  );
}

function hide(target: object, name: string, value: unknown): void {
  Object.defineProperty(target, name, { value, enumerable: false });
}
