import { HealthDefinition } from "@podule/proto/grpc/health/v1/health.ts";
import { CallsDefinition } from "@podule/proto/podule/v1/calls.ts";
import { ModulesDefinition } from "@podule/proto/podule/v1/modules.ts";
import { PodsDefinition } from "@podule/proto/podule/v1/pods.ts";
import { TracesDefinition } from "@podule/proto/podule/v1/traces.ts";
import type { Value } from "@podule/proto/podule/v1/value.ts";
import {
  type CallOptions,
  ChannelCredentials,
  type Client,
  ClientError,
  type ClientMiddleware,
  createChannel,
  createClientFactory,
  Metadata,
} from "nice-grpc";
import { CallFailure } from "./call-failure.ts";

export interface CallExtra {
  /** The gRPC deadline: sent to the server, which answers it. */
  readonly timeoutMs?: number;
}

export interface Connection {
  readonly calls: Client<CallsDefinition, CallExtra>;
  readonly modules: Client<ModulesDefinition, CallExtra>;
  readonly pods: Client<PodsDefinition, CallExtra>;
  readonly traces: Client<TracesDefinition, CallExtra>;
  readonly health: Client<HealthDefinition, CallExtra>;
  call(module: string, name: string, args?: readonly Value[], options?: Options): Promise<Value | undefined>;
  stream(module: string, name: string, args?: readonly Value[], options?: Options): AsyncIterable<Value>;
  close(): void;
}

export type Options = CallOptions & CallExtra & { readonly kwargs?: Readonly<Record<string, Value>> };

/** How a deployed Podule is reached. */
export interface Access {
  /** PEM: who issued its certificate. */
  readonly ca: string;
  readonly token: string;
}

/** One TCP connection of its own, as a nice-grpc user makes it. */
export function connect(address: string, access?: Access): Connection {
  const credentials = access && ChannelCredentials.createSsl(Buffer.from(access.ca));
  const channel = createChannel(address, credentials, {
    ...(access === undefined ? {} : { "grpc.ssl_target_name_override": "podule" }),
    "grpc.max_receive_message_length": -1,
    "grpc.max_send_message_length": -1,
    "grpc.use_local_subchannel_pool": 1,
  });
  const plain = createClientFactory().use(details);
  const factory = access === undefined ? plain : plain.use(withToken(access.token));
  const calls = factory.create(CallsDefinition, channel);
  return {
    calls,
    modules: factory.create(ModulesDefinition, channel),
    pods: factory.create(PodsDefinition, channel),
    traces: factory.create(TracesDefinition, channel),
    health: factory.create(HealthDefinition, channel),
    async call(module, name, args = [], { kwargs = {}, ...options } = {}) {
      return (await calls.call(request(module, name, args, kwargs), options)).result;
    },
    async *stream(module, name, args = [], { kwargs = {}, ...options } = {}) {
      for await (const { item } of calls.stream(request(module, name, args, kwargs), options))
        yield item ?? { kind: undefined, dtype: "" };
    },
    close: () => channel.close(),
  };
}

function request(
  module: string,
  name: string,
  args: readonly Value[],
  kwargs: Readonly<Record<string, Value>>,
) {
  return { module, function: name, args: [...args], kwargs: new Map(Object.entries(kwargs)) };
}

const details: ClientMiddleware<CallExtra> = async function* (call, options) {
  const { timeoutMs, ...rest } = options;
  const metadata = Metadata(rest.metadata);
  if (timeoutMs !== undefined) metadata.set("grpc-timeout", `${timeoutMs}m`);
  let trailer: Metadata | undefined;
  const onTrailer = (received: Metadata) => {
    trailer = received;
    rest.onTrailer?.(received);
  };
  try {
    return yield* call.next(call.request, { ...rest, metadata, onTrailer });
  } catch (error) {
    throw error instanceof ClientError ? new CallFailure(error, trailer) : error;
  }
};

function withToken(token: string): ClientMiddleware {
  return async function* (call, options) {
    const metadata = Metadata(options.metadata).set("authorization", `Bearer ${token}`);
    return yield* call.next(call.request, { ...options, metadata });
  };
}
