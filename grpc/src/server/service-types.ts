import type { CallContext as NiceCallContext } from "nice-grpc-common";

export interface CallContext extends NiceCallContext {
  /** When the caller gives up; `signal` aborts then. Undefined: never, or a middleware passed on another context. */
  readonly deadline?: Date | undefined;
}

/** What of a ts-proto message type the server uses. Methods, so that every `MessageFns<T>` fits. */
export interface MessageType {
  encode(message: unknown): { finish(): Uint8Array };
  decode(input: Uint8Array): unknown;
  fromPartial(object: unknown): unknown;
}

export interface MethodDefinition {
  readonly name: string;
  readonly requestType: MessageType;
  readonly requestStream: boolean;
  readonly responseType: MessageType;
  readonly responseStream: boolean;
  readonly options: { readonly idempotencyLevel?: "IDEMPOTENT" | "NO_SIDE_EFFECTS" };
}

/** A service definition as ts-proto generates it (`outputServices=generic-definitions`). */
export interface CompatServiceDefinition {
  readonly name: string;
  readonly fullName: string;
  readonly methods: { readonly [method: string]: MethodDefinition };
}

type RequestOf<M extends MethodDefinition> = M["requestType"] extends {
  decode(input: Uint8Array): infer Message;
}
  ? Message
  : never;

type ResponseOf<M extends MethodDefinition> = M["responseType"] extends {
  fromPartial(object: infer Partial): unknown;
}
  ? Partial
  : never;

export interface ServerStreamingMethodResult<Response> {
  [Symbol.asyncIterator](): AsyncIterator<Response, void>;
}

type MethodImplementation<M extends MethodDefinition> = (
  request: M["requestStream"] extends true ? AsyncIterable<RequestOf<M>> : RequestOf<M>,
  context: CallContext,
) => M["responseStream"] extends true ? ServerStreamingMethodResult<ResponseOf<M>> : Promise<ResponseOf<M>>;

/** The methods of a service, by their names in the definition; of the same shape as nice-grpc's. */
export type ServiceImplementation<D extends CompatServiceDefinition> = {
  readonly [M in keyof D["methods"]]: MethodImplementation<D["methods"][M]>;
};
