import { OPERATION } from "../session/request.ts";
import type { Tuple } from "../values/containers.ts";
import { sendCall } from "./call-expression.ts";
import { type Expression, expressionOf, proxyOf } from "./expression.ts";
import type { CallOptions, Pending } from "./types.ts";

/** Applies Python's operator of this name, in the session of the first operand that is remote. */
export function operator<T = unknown>(
  name: string,
  operands: readonly unknown[],
  options?: CallOptions,
): Pending<T> {
  const first = operands.find((operand) => expressionOf(operand) !== undefined);
  const expression: Expression | undefined = expressionOf(first);
  if (expression === undefined) {
    throw new TypeError(`op.${name}: none of the operands is remote`);
  }
  const at = {
    place: () => ({ ...expression.placeAsObject(), target: 0 }),
    describe: () => expression.describe(),
  };
  return proxyOf(
    sendCall(at, options ?? expression.options, {
      operation: OPERATION.OPERATOR,
      path: name,
      args: operands,
    }),
  );
}

type Unary<T = unknown> = (a: unknown) => Pending<T>;
type Binary<T = unknown> = (a: unknown, b: unknown) => Pending<T>;

const unary =
  <T = unknown>(name: string): Unary<T> =>
  (a) =>
    operator(name, [a]);
const binary =
  <T = unknown>(name: string): Binary<T> =>
  (a, b) =>
    operator(name, [a, b]);

/** Python's operators and the builtins that act like them; at least one operand must be remote. */
export const op = {
  add: binary("add"),
  sub: binary("sub"),
  mul: binary("mul"),
  truediv: binary("truediv"),
  floordiv: binary("floordiv"),
  mod: binary("mod"),
  matmul: binary("matmul"),
  and: binary("and_"),
  or: binary("or_"),
  xor: binary("xor"),
  lshift: binary("lshift"),
  rshift: binary("rshift"),
  iadd: binary("iadd"),
  isub: binary("isub"),
  imul: binary("imul"),
  itruediv: binary("itruediv"),
  ifloordiv: binary("ifloordiv"),
  imod: binary("imod"),
  imatmul: binary("imatmul"),
  ipow: binary("ipow"),
  iand: binary("iand"),
  ior: binary("ior"),
  ixor: binary("ixor"),
  ilshift: binary("ilshift"),
  irshift: binary("irshift"),
  neg: unary("neg"),
  pos: unary("pos"),
  invert: unary("invert"),
  not: unary<boolean>("not_"),
  abs: unary("abs"),
  eq: binary("eq"),
  ne: binary("ne"),
  lt: binary("lt"),
  le: binary("le"),
  gt: binary("gt"),
  ge: binary("ge"),
  is: binary<boolean>("is_"),
  isNot: binary<boolean>("is_not"),
  /** `item in container`. */
  contains: binary<boolean>("contains"),
  getitem: binary("getitem"),
  setitem: (container: unknown, key: unknown, value: unknown): Pending =>
    operator("setitem", [container, key, value]),
  delitem: binary("delitem"),
  divmod: binary("divmod"),
  pow: (base: unknown, exponent: unknown, modulus?: unknown): Pending =>
    operator("pow", modulus === undefined ? [base, exponent] : [base, exponent, modulus]),
  round: (number: unknown, digits?: number): Pending =>
    operator("round", digits === undefined ? [number] : [number, digits]),
  len: unary<number>("len"),
  bool: unary<boolean>("bool"),
  repr: unary<string>("repr"),
  str: unary<string>("str"),
  bytes: unary<Uint8Array>("bytes"),
  int: unary<number | bigint>("int"),
  float: unary<number>("float"),
  complex: unary("complex"),
  format: (value: unknown, spec = ""): Pending => operator("format", [value, spec]),
  hash: unary<number | bigint>("hash"),
  dir: unary<string[]>("dir"),
  list: unary<unknown[]>("list"),
  tuple: unary<Tuple>("tuple"),
  dict: unary<Map<unknown, unknown>>("dict"),
  set: unary<Set<unknown>>("set"),
  sorted: unary<unknown[]>("sorted"),
  reversed: unary("reversed"),
  trunc: unary<number | bigint>("trunc"),
  floor: unary<number | bigint>("floor"),
  ceil: unary<number | bigint>("ceil"),
  /** Awaits an awaitable, in Python. */
  await: unary("await"),
  iter: unary("iter"),
  next: unary("next"),
  type: unary("type"),
  isinstance: binary<boolean>("isinstance"),
  issubclass: binary<boolean>("issubclass"),
  help: unary<string>("help"),
} as const;
