import { type ChannelCredentials, Client, type ClientReadableStream, Metadata } from "@grpc/grpc-js";
import {
  HealthCheckRequest,
  HealthCheckResponse,
  HealthCheckResponse_ServingStatus,
} from "@podule/proto/grpc/health/v1/health.ts";
import { WatchLoadRequest, WatchLoadResponse } from "@podule/proto/podule/internal/v1/loads.ts";
import type { PodLoad } from "../pod-backend.ts";

/** A pod that does not listen yet costs a refused connection each time. */
const FIRST_RETRY_MS = 25;
const LAST_RETRY_MS = 1000;
const BACKOFF = 1.3;
/** A pod that says nothing for twice as long answers no longer. */
const KEEPALIVE_MS = 10_000;

export interface PodChannelOptions {
  readonly address: string;
  readonly credentials: () => ChannelCredentials;
  /** Told each time the answer changes; undefined before the first one. */
  readonly onServing: (serving: boolean) => void;
  readonly onLoad: (load: PodLoad) => void;
}

/** Hears a pod's health and load for as long as it lives. Returns the way to stop. */
export function openPodChannel({ address, credentials, onServing, onLoad }: PodChannelOptions): () => void {
  let client: Client | undefined;
  let streams: ClientReadableStream<unknown>[] = [];
  let retry: NodeJS.Timeout | undefined;
  let retryMs = FIRST_RETRY_MS;
  let serving = false;
  let closed = false;

  const tell = (now: boolean): void => {
    if (closed || now === serving) return;
    serving = now;
    onServing(now);
  };

  const open = (): void => {
    retry = undefined;
    const channel = new Client(address, credentials(), {
      "grpc.initial_reconnect_backoff_ms": FIRST_RETRY_MS,
      "grpc.min_reconnect_backoff_ms": FIRST_RETRY_MS,
      "grpc.max_reconnect_backoff_ms": LAST_RETRY_MS,
      "grpc.keepalive_time_ms": KEEPALIVE_MS,
      "grpc.keepalive_timeout_ms": KEEPALIVE_MS,
      "grpc.use_local_subchannel_pool": 1,
      "grpc.enable_retries": 0,
    });
    client = channel;
    const health = channel.makeServerStreamRequest(
      "/grpc.health.v1.Health/Watch",
      (message: HealthCheckRequest) => Buffer.from(HealthCheckRequest.encode(message).finish()),
      (bytes) => HealthCheckResponse.decode(bytes),
      HealthCheckRequest.create({ service: "" }),
      new Metadata(),
    );
    streams = [health];
    health.on("data", ({ status }: HealthCheckResponse) => {
      if (retryMs !== FIRST_RETRY_MS || streams.length === 1) heard(channel);
      tell(status === HealthCheckResponse_ServingStatus.SERVING);
    });
    health.on("error", () => {});
    health.on("close", () => again(channel));
  };

  const heard = (channel: Client): void => {
    retryMs = FIRST_RETRY_MS;
    if (streams.length > 1) return;
    const load = channel.makeServerStreamRequest(
      "/podule.internal.v1.Loads/WatchLoad",
      (message: WatchLoadRequest) => Buffer.from(WatchLoadRequest.encode(message).finish()),
      (bytes) => WatchLoadResponse.decode(bytes),
      WatchLoadRequest.create(),
      new Metadata(),
    );
    streams.push(load);
    load.on("data", ({ calls, sessions }: WatchLoadResponse) => {
      if (!closed) onLoad({ calls, sessions });
    });
    load.on("error", () => {});
  };

  const again = (channel: Client): void => {
    if (closed || client !== channel) return;
    tell(false);
    for (const stream of streams) stream.cancel();
    channel.close();
    retry ??= setTimeout(open, retryMs);
    retryMs = Math.min(retryMs * BACKOFF, LAST_RETRY_MS);
  };

  open();
  return () => {
    closed = true;
    clearTimeout(retry);
    for (const stream of streams) stream.cancel();
    client?.close();
  };
}
