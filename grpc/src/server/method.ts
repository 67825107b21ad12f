import { type CallContext, type MethodDescriptor, type ServerMiddleware, Status } from "nice-grpc-common";
import { statusError } from "../errors.ts";
import type { MethodDefinition } from "./service-types.ts";

/** One method as the four handlers see it: bytes at both ends, and the middleware of the moment. */
export interface Method {
  readonly descriptor: MethodDescriptor;
  readonly middleware: () => ServerMiddleware | undefined;
  decode(bytes: Uint8Array): unknown;
  encode(message: unknown): Buffer;
}

export function createMethod(
  path: string,
  definition: MethodDefinition,
  middleware: () => ServerMiddleware | undefined,
): Method {
  const { requestType, responseType, requestStream, responseStream, options } = definition;
  return {
    descriptor: { path, requestStream, responseStream, options },
    middleware,
    decode(bytes) {
      try {
        return requestType.decode(bytes);
      } catch (cause) {
        const why = cause instanceof Error ? cause.message : String(cause);
        throw statusError(
          Status.INVALID_ARGUMENT,
          "MALFORMED_REQUEST",
          `The request of ${path} is not a valid protobuf message: ${why}`,
        );
      }
    },
    encode(message) {
      const bytes = responseType.encode(responseType.fromPartial(message)).finish();
      return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    },
  };
}

/** The innermost `next` of the middleware of a method with one response. */
export function singleNext(method: Method, implementation: SingleImplementation) {
  return async function* next(
    request: unknown,
    context: CallContext,
  ): AsyncGenerator<never, unknown, undefined> {
    requireKind(method, request);
    yield* [];
    return await implementation(request, context);
  };
}

/** Runs the middleware of a method with one response. */
export async function singleResponse(
  generator: AsyncGenerator<unknown, unknown, undefined>,
): Promise<unknown> {
  let result = await generator.next();
  while (!result.done) {
    result = await generator.throw(
      new Error("A middleware yielded a message for a method with one response"),
    );
  }
  if (result.value === undefined || result.value === null) {
    throw new Error("A middleware returned nothing for a method with one response");
  }
  return result.value;
}

export function isStream(request: unknown): request is AsyncIterable<unknown> {
  return typeof request === "object" && request !== null && Symbol.asyncIterator in request;
}

/** A middleware may pass on another request, but not one of another kind. */
export function requireKind(method: Method, request: unknown): void {
  if (isStream(request) !== method.descriptor.requestStream) {
    const wanted = method.descriptor.requestStream ? "a stream of messages" : "a single message";
    throw new Error(`A middleware of ${method.descriptor.path} must pass ${wanted} to next()`);
  }
}

export type SingleImplementation = (request: unknown, context: CallContext) => Promise<unknown>;
export type StreamImplementation = (request: unknown, context: CallContext) => AsyncIterable<unknown>;
