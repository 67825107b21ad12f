import { Connection, type ConnectOptions, type ImportOptions } from "./connection.ts";
import { op } from "./remote/operators.ts";
import "./remote/members.ts";
import { kw } from "./remote/kwargs.ts";
import type { RemoteModule } from "./remote/types.ts";
import { ellipsis, range, slice, tuple } from "./values/containers.ts";
import { ndarray } from "./values/nd-array.ts";
import { float, int } from "./values/numbers.ts";

/** A connection for several modules. Nothing is dialled before the first import. */
export function connect(options: ConnectOptions = {}): Connection {
  return new Connection(options);
}

/**
 * A Python module, on a connection of its own: `const np = await podule.import("numpy")`. Ends with `await np.$close()`, or
 * by `await using`; until then its session keeps the process alive.
 */
async function importModule<T = unknown>(
  name: string,
  options: ImportOptions & ConnectOptions = {},
): Promise<RemoteModule<T>> {
  const connection = new Connection(options);
  try {
    const { module, sessions } = await connection.open<T>(name, options);
    sessions.closed = () => connection.close();
    return module;
  } catch (error) {
    connection.destroy();
    throw error;
  }
}

export { Connection } from "./connection.ts";
export {
  type Code,
  ModuleConflictError,
  PoduleError,
  PythonError,
  SessionLostError,
} from "./errors.ts";
export type { ModuleSpecOptions } from "./modules/module-options.ts";
export type { Context } from "./remote/context.ts";
export { type Kwargs, kw } from "./remote/kwargs.ts";
export type { Draining } from "./remote/module-sessions.ts";
export { op } from "./remote/operators.ts";
export type {
  CallOptions,
  Dynamic,
  IterationOptions,
  Members,
  Pending,
  RemoteModule,
  RemoteObject,
  Value,
} from "./remote/types.ts";
export { ArrowData, type ArrowKind } from "./values/arrow.ts";
export {
  ByteArray,
  ellipsis,
  FrozenSet,
  Range,
  range,
  Slice,
  slice,
  Tuple,
  tuple,
} from "./values/containers.ts";
export type { ArrayElements } from "./values/dtype.ts";
export { NdArray, type NdArrayOptions, ndarray } from "./values/nd-array.ts";
export { Complex, Decimal, Fraction, float, int, PyFloat } from "./values/numbers.ts";
export { DataClass, dataClass, EnumMember, NamedTuple, namedTuple } from "./values/records.ts";
export { PyDate, PyDateTime, PyTime, TimeDelta } from "./values/times.ts";
export { toObject } from "./values/to-object.ts";
export { Uuid } from "./values/uuid.ts";
export type { ConnectOptions, ImportOptions };
export { importModule as import };

const podule = { connect, import: importModule, ellipsis, float, int, kw, ndarray, op, range, slice, tuple };
export default podule;
