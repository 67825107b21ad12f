import type { Server } from "@grpc/grpc-js";

/**
 * grpc-js leaves some of its server's behaviour to private members. They are read here, and only here, with a check: a version
 * without them is an error at the start, not a rule that silently no longer holds.
 */
export function internal(owner: object, name: string): object {
  const value: unknown = Reflect.get(owner, name);
  if ((typeof value !== "object" && typeof value !== "function") || value === null) {
    throw new Error(`This version of @grpc/grpc-js or Node has no "${name}" in ${owner.constructor.name}`);
  }
  return value;
}

export function internalMethod(owner: object, name: string): (self: object, ...args: unknown[]) => unknown {
  const method = internal(owner, name);
  if (typeof method !== "function") throw new Error(`"${name}" of @grpc/grpc-js is not a method`);
  return (self, ...args): unknown => Reflect.apply(method, self, args);
}

/** Sees each call before its handler does. */
export function onEachCall(server: Server, prepare: (call: object) => void): void {
  const interceptors = internal(server, "interceptors");
  if (!Array.isArray(interceptors)) throw new Error('"interceptors" of @grpc/grpc-js is not a list');
  interceptors.push((_method: unknown, call: object) => {
    prepare(call);
    return call;
  });
}
