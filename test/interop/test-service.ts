import { setTimeout as sleep } from "node:timers/promises";
import { type CallContext, type ServiceImplementation, StatusError } from "@podule/grpc";
import type {
  EchoStatus,
  ResponseParameters,
  SimpleRequest,
  StreamingOutputCallRequest,
  TestServiceDefinition,
} from "./proto/gen/grpc/testing/test.ts";

const ECHO_INITIAL = "x-grpc-test-echo-initial";
const ECHO_TRAILING = "x-grpc-test-echo-trailing-bin";
const SERVER_ID = "podule";

/** grpc.testing.TestService as grpc's interop client expects it. */
export const testService: ServiceImplementation<typeof TestServiceDefinition> = {
  async emptyCall() {
    return {};
  },
  unaryCall,
  cacheableUnaryCall: unaryCall,
  async *streamingOutputCall({ responseParameters }, { signal }) {
    yield* outputs(responseParameters, signal);
  },
  async streamingInputCall(requests) {
    let aggregatedPayloadSize = 0;
    for await (const { payload } of requests) aggregatedPayloadSize += payload?.body.length ?? 0;
    return { aggregatedPayloadSize };
  },
  async *fullDuplexCall(requests, context) {
    echoMetadata(context);
    for await (const { responseStatus, responseParameters } of requests) {
      throwIfAsked(responseStatus);
      yield* outputs(responseParameters, context.signal);
    }
  },
  async *halfDuplexCall(requests, { signal }) {
    const all: StreamingOutputCallRequest[] = [];
    for await (const request of requests) all.push(request);
    for (const { responseParameters } of all) yield* outputs(responseParameters, signal);
  },
};

async function unaryCall(request: SimpleRequest, context: CallContext) {
  const { responseStatus, responseSize, fillServerId } = request;
  echoMetadata(context);
  throwIfAsked(responseStatus);
  return { payload: { body: Buffer.alloc(responseSize) }, serverId: fillServerId ? SERVER_ID : "" };
}

async function* outputs(parameters: readonly ResponseParameters[], signal: AbortSignal) {
  for (const { intervalUs, size } of parameters) {
    if (intervalUs > 0) await sleep(intervalUs / 1000, undefined, { signal });
    yield { payload: { body: Buffer.alloc(size) } };
  }
}

function echoMetadata({ metadata, header, trailer, sendHeader }: CallContext): void {
  const initial = metadata.get(ECHO_INITIAL);
  const trailing = metadata.get(ECHO_TRAILING);
  if (trailing !== undefined) trailer.set(ECHO_TRAILING, trailing);
  if (initial !== undefined) {
    header.set(ECHO_INITIAL, initial);
    sendHeader();
  }
}

function throwIfAsked(status: EchoStatus | undefined): void {
  if (status !== undefined && status.code !== 0) {
    throw new StatusError({ code: status.code, message: status.message, details: [] });
  }
}
