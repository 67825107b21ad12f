import type { handleUnaryCall } from "@grpc/grpc-js";
import type { CallContext } from "nice-grpc-common";
import { toServiceError } from "../service-error.ts";
import { openCall } from "./call-scope.ts";
import { toGrpcMetadata } from "./metadata.ts";
import { type Method, type SingleImplementation, singleNext, singleResponse } from "./method.ts";

export function unaryHandler(
  method: Method,
  implementation: SingleImplementation,
): handleUnaryCall<Buffer, Buffer> {
  const next = singleNext(method, implementation);

  async function respond(bytes: Buffer, context: CallContext): Promise<Buffer> {
    const request = method.decode(bytes);
    const middleware = method.middleware();
    if (middleware === undefined) return method.encode(await implementation(request, context));
    const { descriptor } = method;
    const generator = middleware(
      { method: descriptor, requestStream: false, request, responseStream: false, next },
      context,
    );
    return method.encode(await singleResponse(generator));
  }

  return (call, callback) => {
    const scope = openCall(call, false);
    const finish = () => {
      scope.end();
      scope.flushHeader();
      return toGrpcMetadata(scope.context.trailer);
    };
    respond(call.request, scope.context).then(
      (response) => callback(null, response, finish()),
      (error: unknown) => callback(toServiceError(error, finish())),
    );
  };
}
