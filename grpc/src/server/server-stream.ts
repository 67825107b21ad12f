import type { handleServerStreamingCall } from "@grpc/grpc-js";
import type { CallContext } from "nice-grpc-common";
import { toServiceError } from "../service-error.ts";
import { openCall } from "./call-scope.ts";
import { toGrpcMetadata } from "./metadata.ts";
import { type Method, requireKind, type StreamImplementation } from "./method.ts";
import { writeResponses } from "./response-stream.ts";

export function serverStreamHandler(
  method: Method,
  implementation: StreamImplementation,
): handleServerStreamingCall<Buffer, Buffer> {
  async function* next(request: unknown, context: CallContext): AsyncGenerator<unknown, void, undefined> {
    requireKind(method, request);
    yield* implementation(request, context);
  }

  function responses(bytes: Buffer, context: CallContext): AsyncIterable<unknown> {
    const request = method.decode(bytes);
    const middleware = method.middleware();
    const { descriptor } = method;
    return middleware === undefined
      ? implementation(request, context)
      : middleware(
          { method: descriptor, requestStream: false, request, responseStream: true, next },
          context,
        );
  }

  return (call) => {
    const scope = openCall(call, true);
    const finish = () => {
      scope.end();
      scope.flushHeader();
      return toGrpcMetadata(scope.context.trailer);
    };
    const run = async () => writeResponses(method, call, scope, responses(call.request, scope.context));
    run().then(
      () => call.end(finish()),
      (error: unknown) => call.emit("error", toServiceError(error, finish())),
    );
  };
}
