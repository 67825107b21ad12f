import { type FSWatcher, watch } from "node:fs";
import { basename, dirname } from "node:path";
import { Client, type ClientReadableStream, credentials, Metadata } from "@grpc/grpc-js";
import {
  HealthCheckRequest,
  HealthCheckResponse,
  HealthCheckResponse_ServingStatus,
} from "@podule/proto/grpc/health/v1/health.ts";

const FIRST_RETRY_MS = 50;
const LAST_RETRY_MS = 1000;

/**
 * Tells whether the server that will listen on the socket serves: each time the answer changes. Dials when the socket
 * appears; a watch that breaks is taken up again. Returns the way to stop.
 */
export function watchHealth(socket: string, onChange: (serving: boolean) => void): () => void {
  const request = HealthCheckRequest.create({ service: "" });
  let client: Client | undefined;
  let stream: ClientReadableStream<HealthCheckResponse> | undefined;
  let retry: NodeJS.Timeout | undefined;
  let retryMs = FIRST_RETRY_MS;
  let serving = false;
  let closed = false;

  const tell = (now: boolean): void => {
    if (closed || now === serving) return;
    serving = now;
    onChange(now);
  };

  const open = (): void => {
    if (closed) return;
    client ??= new Client(`unix:${socket}`, credentials.createInsecure(), {
      "grpc.initial_reconnect_backoff_ms": FIRST_RETRY_MS,
      "grpc.max_reconnect_backoff_ms": LAST_RETRY_MS,
      "grpc.use_local_subchannel_pool": 1,
      "grpc.enable_retries": 0,
    });
    stream = client.makeServerStreamRequest(
      "/grpc.health.v1.Health/Watch",
      (message: HealthCheckRequest) => Buffer.from(HealthCheckRequest.encode(message).finish()),
      (bytes) => HealthCheckResponse.decode(bytes),
      request,
      new Metadata({ waitForReady: true }),
    );
    stream.on("data", (response: HealthCheckResponse) => {
      retryMs = FIRST_RETRY_MS;
      tell(response.status === HealthCheckResponse_ServingStatus.SERVING);
    });
    stream.on("error", () => {});
    stream.on("close", again);
  };

  const again = (): void => {
    if (closed || retry !== undefined) return;
    retry = setTimeout(() => {
      retry = undefined;
      open();
    }, retryMs);
    retryMs = Math.min(retryMs * 2, LAST_RETRY_MS);
  };

  const appeared = onceThere(socket, open);
  return () => {
    closed = true;
    appeared();
    clearTimeout(retry);
    stream?.cancel();
    client?.close();
  };
}

/** Calls `then` when the file appears; at once where the folder cannot be watched. Returns the way to stop. */
function onceThere(path: string, then: () => void): () => void {
  let watcher: FSWatcher | undefined;
  const stop = (): void => {
    watcher?.close();
    watcher = undefined;
  };
  const found = (): void => {
    if (watcher === undefined) return;
    stop();
    then();
  };
  try {
    watcher = watch(dirname(path), (_event, file) => {
      if (file === basename(path)) found();
    });
    watcher.on("error", found);
  } catch {
    then();
  }
  return stop;
}
