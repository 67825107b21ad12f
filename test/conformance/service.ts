import { setTimeout as sleep } from "node:timers/promises";
import {
  type CallContext,
  type Metadata,
  type RpcStatus,
  type ServiceImplementation,
  StatusError,
} from "@podule/grpc";
import {
  BidiStreamRequest,
  ClientStreamRequest,
  type ConformancePayload,
  type ConformancePayload_RequestInfo,
  ConformanceServiceDefinition,
  type Error as ErrorDefinition,
  type Header,
  IdempotentUnaryRequest,
  ConformancePayload_RequestInfo as RequestInfo,
  ServerStreamRequest,
  type StreamResponseDefinition,
  UnaryRequest,
  type UnaryResponseDefinition,
} from "./proto/gen/connectrpc/conformance/v1/service.ts";
import { Any } from "./proto/gen/google/protobuf/any.ts";

const { unimplemented, ...methods } = ConformanceServiceDefinition.methods;
export const conformanceDefinition = { ...ConformanceServiceDefinition, methods };

/** connectrpc's ConformanceService, without the method that must not be there. */
export const conformanceService: ServiceImplementation<typeof conformanceDefinition> = {
  async unary(request, context) {
    const info = requestInfo(context, [packed("UnaryRequest", UnaryRequest.encode(request).finish())]);
    return { payload: await single(request.responseDefinition, info, context) };
  },
  async idempotentUnary(request, context) {
    const bytes = IdempotentUnaryRequest.encode(request).finish();
    const info = requestInfo(context, [packed("IdempotentUnaryRequest", bytes)]);
    return { payload: await single(request.responseDefinition, info, context) };
  },
  async *serverStream(request, context) {
    const definition = request.responseDefinition;
    const info = requestInfo(context, [
      packed("ServerStreamRequest", ServerStreamRequest.encode(request).finish()),
    ]);
    startStream(definition, context);
    for (const [index, data] of (definition?.responseData ?? []).entries()) {
      await delay(definition, context);
      yield { payload: { data, requestInfo: index === 0 ? info : undefined } };
    }
    throwAfter(definition, info);
  },
  async clientStream(requests, context) {
    let definition: UnaryResponseDefinition | undefined;
    const received: Any[] = [];
    for await (const request of requests) {
      if (received.length === 0) definition = request.responseDefinition;
      received.push(packed("ClientStreamRequest", ClientStreamRequest.encode(request).finish()));
    }
    return { payload: await single(definition, requestInfo(context, received), context) };
  },
  async *bidiStream(requests, context) {
    let definition: StreamResponseDefinition | undefined;
    let fullDuplex = false;
    let first = true;
    let sent = 0;
    let received: Any[] = [];
    for await (const request of requests) {
      if (first) {
        definition = request.responseDefinition;
        fullDuplex = request.fullDuplex;
        startStream(definition, context);
        first = false;
      }
      received.push(packed("BidiStreamRequest", BidiStreamRequest.encode(request).finish()));
      if (!fullDuplex) continue;
      const data = definition?.responseData[sent];
      if (data === undefined) break;
      await delay(definition, context);
      const requestInfoNow =
        sent === 0 ? requestInfo(context, received) : RequestInfo.fromPartial({ requests: received });
      yield { payload: { data, requestInfo: requestInfoNow } };
      received = [];
      sent += 1;
    }
    const info = requestInfo(context, received);
    for (const data of definition?.responseData.slice(sent) ?? []) {
      await delay(definition, context);
      yield { payload: { data, requestInfo: sent === 0 ? info : undefined } };
      sent += 1;
    }
    throwAfter(definition, info);
  },
};

async function single(
  definition: UnaryResponseDefinition | undefined,
  info: ConformancePayload_RequestInfo,
  context: CallContext,
): Promise<ConformancePayload> {
  setAll(context.header, definition?.responseHeaders);
  setAll(context.trailer, definition?.responseTrailers);
  await delay(definition, context);
  const response = definition?.response;
  if (response?.$case === "error") throw new StatusError(statusOf(response.value, [infoDetail(info)]));
  return { data: response?.value ?? Buffer.alloc(0), requestInfo: info };
}

function startStream(definition: StreamResponseDefinition | undefined, context: CallContext): void {
  setAll(context.header, definition?.responseHeaders);
  setAll(context.trailer, definition?.responseTrailers);
  if (definition !== undefined && definition.responseData.length > 0) context.sendHeader();
}

function throwAfter(
  definition: StreamResponseDefinition | undefined,
  info: ConformancePayload_RequestInfo,
): void {
  if (definition?.error === undefined) return;
  throw new StatusError(
    statusOf(definition.error, definition.responseData.length === 0 ? [infoDetail(info)] : []),
  );
}

async function delay(
  definition: { readonly responseDelayMs: number } | undefined,
  { signal }: CallContext,
): Promise<void> {
  const ms = definition?.responseDelayMs ?? 0;
  if (ms > 0) await sleep(ms, undefined, { signal });
}

function statusOf({ code, message, details }: ErrorDefinition, more: readonly Any[]): RpcStatus {
  return { code, message: message ?? "", details: [...details, ...more] };
}

function requestInfo(
  { metadata, deadline }: CallContext,
  requests: readonly Any[],
): ConformancePayload_RequestInfo {
  const requestHeaders = [...metadata].map(([name, values]) => ({
    name,
    value: values.map((value) => (typeof value === "string" ? value : Buffer.from(value).toString("base64"))),
  }));
  const timeoutMs = deadline === undefined ? undefined : BigInt(deadline.getTime() - Date.now());
  return RequestInfo.fromPartial({ requestHeaders, timeoutMs, requests: [...requests] });
}

function infoDetail(info: ConformancePayload_RequestInfo): Any {
  return packed("ConformancePayload.RequestInfo", RequestInfo.encode(info).finish());
}

function packed(type: string, value: Uint8Array): Any {
  return Any.fromPartial({
    typeUrl: `type.googleapis.com/connectrpc.conformance.v1.${type}`,
    value: Buffer.from(value),
  });
}

function setAll(metadata: Metadata, headers: readonly Header[] = []): void {
  for (const { name, value } of headers) {
    for (const text of value) {
      metadata.append(name, name.toLowerCase().endsWith("-bin") ? Buffer.from(text, "base64") : text);
    }
  }
}
