import type { handleClientStreamingCall } from "@grpc/grpc-js";
import type { CallContext } from "nice-grpc-common";
import { toServiceError } from "../service-error.ts";
import { openCall } from "./call-scope.ts";
import { toGrpcMetadata } from "./metadata.ts";
import { type Method, type SingleImplementation, singleNext, singleResponse } from "./method.ts";
import { requestStream } from "./request-stream.ts";

export function clientStreamHandler(
  method: Method,
  implementation: SingleImplementation,
): handleClientStreamingCall<Buffer, Buffer> {
  const next = singleNext(method, implementation);

  async function respond(request: AsyncIterable<unknown>, context: CallContext): Promise<Buffer> {
    const middleware = method.middleware();
    if (middleware === undefined) return method.encode(await implementation(request, context));
    const { descriptor } = method;
    const generator = middleware(
      { method: descriptor, requestStream: true, request, responseStream: false, next },
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
    respond(requestStream(method, call, scope.context.signal), scope.context).then(
      (response) => callback(null, response, finish()),
      (error: unknown) => callback(toServiceError(error, finish())),
    );
  };
}
