import { RESULT_MODE } from "../session/call-sink.ts";
import { OPERATION } from "../session/request.ts";
import { sendCall } from "./call-expression.ts";
import { Context } from "./context.ts";
import { defineMembers, expressionOf, join, proxyOf, stateOf } from "./expression.ts";
import { Iteration } from "./iteration.ts";
import { kw } from "./kwargs.ts";
import { operator } from "./operators.ts";
import { PathExpression } from "./path-expression.ts";
import type { CallOptions, IterationOptions, Pending } from "./types.ts";

function iterate(self: unknown, options: IterationOptions = {}): Iteration {
  const state = stateOf(self);
  return new Iteration(state.base(), state.path(), { ...state.options, ...options });
}

async function enter(self: unknown, options?: CallOptions): Promise<Context> {
  const state = stateOf(self);
  // What is entered has to be left, too: the same object, however it was got.
  const manager = await state.observe(RESULT_MODE.OBJECT);
  const value = await operator("enter", [manager], { ...state.options, ...options });
  return new Context(manager, value, options);
}

const members = new Map<string, unknown>();

function member<A extends unknown[]>(name: string, run: (self: unknown, ...args: A) => unknown): void {
  members.set(name, function (this: unknown, ...args: A) {
    return run(this, ...args);
  });
}

member("$attr", (self, name: string) => {
  const state = stateOf(self);
  return proxyOf(new PathExpression(state.base(), join(state.path(), name), state.options, false));
});
member("$setAttr", (self, name: string, value: unknown): Pending => {
  const state = stateOf(self);
  return state.send({ operation: OPERATION.SET, path: join(state.path(), name), args: [value] });
});
member("$delAttr", (self, name: string): Pending => {
  const state = stateOf(self);
  return state.send({ operation: OPERATION.DELETE, path: join(state.path(), name), args: [] });
});
member("$item", (self, key: unknown) => operator("getitem", [self, key]));
member("$setItem", (self, key: unknown, value: unknown) => operator("setitem", [self, key, value]));
member("$delItem", (self, key: unknown) => operator("delitem", [self, key]));
member(
  "$call",
  (
    self,
    args: readonly unknown[] = [],
    kwargs?: Readonly<Record<string, unknown>>,
    options?: CallOptions,
  ): Pending => {
    const state = stateOf(self);
    const all = kwargs === undefined ? args : [...args, kw(kwargs)];
    return state.send({
      operation: OPERATION.CALL,
      path: state.path(),
      args: all,
      options: { ...state.options, ...options },
    });
  },
);
member("$opts", (self, options: CallOptions) => proxyOf(stateOf(self).with(options)));
member("$value", (self) => stateOf(self).observe(RESULT_MODE.VALUE));
member("$object", (self) => {
  const state = stateOf(self);
  return state.thenable ? state.observe(RESULT_MODE.OBJECT) : Promise.resolve(self);
});
member("$iter", iterate);
member("$enter", enter);
for (const name of ["len", "bool", "str", "repr", "dir", "help"]) {
  member(`$${name}`, (self) => operator(name, [self]));
}

defineMembers({
  members,
  send: sendCall,
  symbols: new Map<symbol, unknown>([
    [
      Symbol.asyncIterator,
      function (this: unknown) {
        return iterate(this);
      },
    ],
    [
      Symbol.toPrimitive,
      function (this: unknown) {
        return expressionOf(this)?.describe() ?? "[remote]";
      },
    ],
    [Symbol.toStringTag, "Remote"],
  ]),
});
