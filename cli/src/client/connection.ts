import { HealthDefinition } from "@podule/proto/grpc/health/v1/health.ts";
import { CallsDefinition } from "@podule/proto/podule/v1/calls.ts";
import { ModulesDefinition } from "@podule/proto/podule/v1/modules.ts";
import { PodsDefinition } from "@podule/proto/podule/v1/pods.ts";
import { TracesDefinition } from "@podule/proto/podule/v1/traces.ts";
import {
  ChannelCredentials,
  type Client,
  ClientError,
  type ClientMiddleware,
  createChannel,
  createClientFactory,
  Metadata,
} from "nice-grpc";
import { type ConnectFlags, channelOptions } from "./connect-options.ts";
import { withoutNote } from "./message.ts";
import { type ChannelOptions, errorOfGrpc, errorOfStatus, parseUrl } from "./podule.ts";

export interface CallExtra {
  /** The gRPC deadline: the server answers it. */
  readonly timeoutMs?: number | undefined;
}

export interface Services extends Disposable {
  readonly calls: Client<CallsDefinition, CallExtra>;
  readonly modules: Client<ModulesDefinition, CallExtra>;
  readonly pods: Client<PodsDefinition, CallExtra>;
  readonly traces: Client<TracesDefinition, CallExtra>;
  readonly health: Client<HealthDefinition, CallExtra>;
}

/** The services of the API, by one connection. Their errors are PoduleErrors. */
export async function openServices(flags: ConnectFlags): Promise<Services> {
  const options = await channelOptions(flags);
  const { address, tls } = parseUrl(flags.url);
  const secure = tls || options.ca !== undefined || options.cert !== undefined;
  const channel = createChannel(
    address,
    secure ? credentialsOf(options) : ChannelCredentials.createInsecure(),
    {
      "grpc.max_receive_message_length": -1,
      "grpc.max_send_message_length": -1,
      "grpc.keepalive_time_ms": 10_000,
      "grpc.keepalive_timeout_ms": 5_000,
      ...(flags.serverName === undefined ? {} : { "grpc.ssl_target_name_override": flags.serverName }),
    },
  );
  const factory = createClientFactory().use(typedErrors(flags.token));
  return {
    calls: factory.create(CallsDefinition, channel),
    modules: factory.create(ModulesDefinition, channel),
    pods: factory.create(PodsDefinition, channel),
    traces: factory.create(TracesDefinition, channel),
    health: factory.create(HealthDefinition, channel),
    [Symbol.dispose]: () => channel.close(),
  };
}

function credentialsOf({ ca, cert, key }: ChannelOptions): ChannelCredentials {
  const buffer = (text: string | Uint8Array | undefined) => (text === undefined ? null : Buffer.from(text));
  return ChannelCredentials.createSsl(buffer(ca), buffer(key), buffer(cert));
}

function typedErrors(token: string | undefined): ClientMiddleware<CallExtra> {
  return async function* (call, { timeoutMs, ...options }) {
    const metadata = Metadata(options.metadata);
    if (token) metadata.set("authorization", `Bearer ${token}`);
    if (timeoutMs !== undefined) metadata.set("grpc-timeout", `${timeoutMs}m`);
    let details: Uint8Array | undefined;
    const onTrailer = (trailer: Metadata) => {
      details = trailer.get("grpc-status-details-bin");
      options.onTrailer?.(trailer);
    };
    try {
      return yield* call.next(call.request, { ...options, metadata, onTrailer });
    } catch (error) {
      if (!(error instanceof ClientError)) throw error;
      if (details !== undefined) throw errorOfStatus(details);
      throw errorOfGrpc({ code: error.code, details: withoutNote(error.details) });
    }
  };
}
