import { Channel, type ChannelCredentials, credentials as grpcCredentials } from "@grpc/grpc-js";
import {
  type ManagersClient,
  ManagersDefinition,
  type ReportDemandRequest,
} from "@podule/proto/podule/internal/v1/managers.ts";
import { createClient } from "nice-grpc";
import type { Leadership } from "../kubernetes/lease-election.ts";
import { pause } from "../kubernetes/pause.ts";

export interface DemandClientOptions {
  readonly leadership: Pick<Leadership, "isLeader" | "leader" | "watch">;
  readonly credentials?: () => ChannelCredentials;
  readonly report: (signal: AbortSignal) => AsyncIterable<ReportDemandRequest>;
  readonly log?: (message: string) => void;
}

const RETRY_MS = 250;
const LAST_RETRY_MS = 2000;
/** A stream that was there for so long had been taken. */
const LASTED_MS = 5000;
const KEEPALIVE_MS = 3000;

/** While another replica leads: one stream to it, opened again when it breaks, another one when another leads. Returns the way to stop. */
export function startDemandClient(options: DemandClientOptions): () => Promise<void> {
  const { leadership, report, log = () => {} } = options;
  const credentials = options.credentials ?? (() => grpcCredentials.createInsecure());
  const closing = new AbortController();
  let turn = new AbortController();
  const stopWatching = leadership.watch(() => turn.abort());
  closing.signal.addEventListener("abort", () => turn.abort());

  async function stream(address: string, signal: AbortSignal): Promise<void> {
    const channel = new Channel(address, credentials(), {
      "grpc.keepalive_time_ms": KEEPALIVE_MS,
      "grpc.keepalive_timeout_ms": KEEPALIVE_MS,
      "grpc.use_local_subchannel_pool": 1,
    });
    const client: ManagersClient = createClient(ManagersDefinition, channel);
    const ended = new AbortController();
    try {
      await client.reportDemand(report(AbortSignal.any([signal, ended.signal])), { signal });
    } finally {
      ended.abort();
      channel.close();
    }
  }

  async function run(): Promise<void> {
    let told = "";
    let retryMs = RETRY_MS;
    while (!closing.signal.aborted) {
      turn = new AbortController();
      const { signal } = turn;
      const address = addressOf(leadership.leader());
      if (leadership.isLeader() || address === undefined) {
        await pause(60_000, signal);
        continue;
      }
      const began = performance.now();
      try {
        await stream(address, signal);
      } catch (error) {
        const words = `The leader at ${address} does not take the demand: ${error instanceof Error ? error.message : String(error)}`;
        if (!signal.aborted && address !== told) log(words);
        told = address;
      }
      retryMs = performance.now() - began > LASTED_MS ? RETRY_MS : Math.min(LAST_RETRY_MS, retryMs * 2);
      await pause(retryMs * (0.5 + Math.random() / 2), signal);
    }
  }

  const running = run();
  return async () => {
    stopWatching();
    closing.abort();
    await running;
  };
}

/** "POD/10.0.0.7:50051" → "10.0.0.7:50051". */
export function addressOf(identity: string | undefined): string | undefined {
  const at = identity?.indexOf("/") ?? -1;
  const address = identity?.slice(at + 1);
  return at < 0 || address === "" ? undefined : address;
}
