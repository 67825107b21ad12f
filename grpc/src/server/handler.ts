import type { HandleCall } from "@grpc/grpc-js/build/src/server-call.js";
import type { CallContext } from "nice-grpc-common";
import { bidiHandler } from "./bidi.ts";
import { clientStreamHandler } from "./client-stream.ts";
import { isStream, type Method } from "./method.ts";
import type { RawKind } from "./raw.ts";
import { serverStreamHandler } from "./server-stream.ts";
import { unaryHandler } from "./unary.ts";

/** The grpc-js handler of a method that `implementation[name]` implements. */
export function handlerOf(
  method: Method,
  implementation: object,
  name: string,
): { kind: RawKind; handler: HandleCall<Buffer, Buffer> } {
  const { path, requestStream, responseStream } = method.descriptor;
  const implemented: unknown = Reflect.get(implementation, name);
  if (typeof implemented !== "function") throw new Error(`No implementation of ${path} ("${name}")`);

  const single = async (request: unknown, context: CallContext): Promise<unknown> =>
    Reflect.apply(implemented, implementation, [request, context]);
  const stream = (request: unknown, context: CallContext): AsyncIterable<unknown> => {
    const responses: unknown = Reflect.apply(implemented, implementation, [request, context]);
    if (!isStream(responses)) throw new Error(`The implementation of ${path} returned no async iterable`);
    return responses;
  };

  if (requestStream) {
    return responseStream
      ? { kind: "bidi", handler: bidiHandler(method, stream) }
      : { kind: "clientStream", handler: clientStreamHandler(method, single) };
  }
  return responseStream
    ? { kind: "serverStream", handler: serverStreamHandler(method, stream) }
    : { kind: "unary", handler: unaryHandler(method, single) };
}
