import { isRecord } from "../environments/json.ts";
import { apiErrorOf } from "./api-error.ts";
import type { KubernetesClient } from "./client.ts";
import { createJsonLines } from "./json-lines.ts";

export interface WatchSink {
  changed(json: unknown): void;
  deleted(json: unknown): void;
  bookmark(resourceVersion: string): void;
}

export interface WatchRequest {
  readonly query: Readonly<Record<string, string | number | boolean | undefined>>;
  readonly resourceVersion: string;
  /** The server ends it after that time. */
  readonly seconds: number;
  /** Beyond the server's time: it has died in silence. */
  readonly graceMs: number;
  readonly signal: AbortSignal;
}

const MAX_EVENT = 16 * 1024 * 1024;

/** One watch, until the server ends it. Throws KubernetesApiError for what the server says is wrong (410 among it), and where it breaks. */
export async function watchOnce(
  client: Pick<KubernetesClient, "stream">,
  path: string,
  request: WatchRequest,
  sink: WatchSink,
): Promise<void> {
  const stalled = new AbortController();
  const timer = setTimeout(
    () => stalled.abort(new Error("The watch has died in silence")),
    request.seconds * 1000 + request.graceMs,
  );
  try {
    const answer = await client.stream(path, {
      query: {
        ...request.query,
        watch: true,
        allowWatchBookmarks: true,
        resourceVersion: request.resourceVersion,
        timeoutSeconds: request.seconds,
      },
      signal: AbortSignal.any([request.signal, stalled.signal]),
    });
    const lines = createJsonLines((event) => tell(event, sink), MAX_EVENT);
    for await (const bytes of answer) lines.push(Buffer.isBuffer(bytes) ? bytes : Buffer.from(String(bytes)));
  } catch (error) {
    request.signal.throwIfAborted();
    throw stalled.signal.aborted ? stalled.signal.reason : error;
  } finally {
    clearTimeout(timer);
  }
}

function tell(event: unknown, sink: WatchSink): void {
  const { type, object } = isRecord(event) ? event : {};
  switch (type) {
    case "ADDED":
    case "MODIFIED":
      sink.changed(object);
      return;
    case "DELETED":
      sink.deleted(object);
      return;
    case "BOOKMARK": {
      const metadata = isRecord(object) ? object["metadata"] : undefined;
      const version = isRecord(metadata) ? metadata["resourceVersion"] : undefined;
      if (typeof version === "string") sink.bookmark(version);
      return;
    }
    case "ERROR": {
      const code = isRecord(object) ? object["code"] : undefined;
      throw apiErrorOf(typeof code === "number" ? code : 500, object, "The watch was ended with an error");
    }
    default:
      throw new Error(`A watch event of the unknown type ${JSON.stringify(type)?.slice(0, 50)}`);
  }
}
