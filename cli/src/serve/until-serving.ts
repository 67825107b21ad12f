import { setTimeout as sleep } from "node:timers/promises";
import { HealthDefinition } from "@podule/proto/grpc/health/v1/health.ts";
import { createChannel, createClient } from "nice-grpc";

const SERVING = 1;

/** Resolves once the server at that address says that it serves. */
export async function untilServing(address: string, signal: AbortSignal): Promise<void> {
  const channel = createChannel(address, undefined, { "grpc.initial_reconnect_backoff_ms": 50 });
  try {
    while (!signal.aborted) {
      try {
        const answers = createClient(HealthDefinition, channel).watch({ service: "" }, { signal });
        for await (const { status } of answers) if (status === SERVING) return;
      } catch {
        // It does not listen yet.
      }
      await sleep(50);
    }
    signal.throwIfAborted();
  } finally {
    channel.close();
  }
}
