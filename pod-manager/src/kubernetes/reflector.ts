import { isGone, KubernetesApiError } from "./api-error.ts";
import { createBackoff } from "./backoff.ts";
import type { KubernetesClient } from "./client.ts";
import { listPages } from "./list-pages.ts";
import { createMirror, type MirrorListener, versionOf } from "./mirror.ts";
import type { KubernetesObject } from "./objects.ts";
import { pause } from "./pause.ts";
import { watchOnce } from "./watch-stream.ts";

export interface ReflectorOptions<T extends KubernetesObject> extends MirrorListener<T> {
  readonly client: Pick<KubernetesClient, "get" | "stream">;
  /** Of the list. */
  readonly path: string;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
  /** An object as the API server sends it; undefined for what is none: it is left out. */
  readonly read: (json: unknown) => T | undefined;
  /** All that is there has been told for the first time. */
  readonly onSynced?: () => void;
  /** Hears of troubles. */
  readonly log?: (message: string) => void;
  readonly pageSize?: number;
  /** The server ends a watch after that time, up to twice of it. A watch that is still there 10 s later has died in silence. Default 30. */
  readonly watchSeconds?: number;
  readonly graceMs?: number;
}

export interface ReflectorHealth {
  readonly synced: boolean;
  /** How often all was listed. */
  readonly lists: number;
  /** Since the API server was last heard, in milliseconds. */
  readonly silentMs: number;
  /** Why the last attempt failed; undefined: it has not. */
  readonly trouble: string | undefined;
}

export interface Reflector<T extends KubernetesObject> {
  start(): void;
  /** Resolves when all that is there has been told; never before `start`. */
  readonly synced: Promise<void>;
  get(name: string): T | undefined;
  all(): Iterable<T>;
  /** What the API server answered to a write of our own, so that it is known before the watch tells it. */
  written(object: T): void;
  health(): ReflectorHealth;
  close(): Promise<void>;
}

const FIRST_RETRY_MS = 200;
const LAST_RETRY_MS = 10_000;

/**
 * A mirror of a list: lists, then watches from there on; again from the last version heard when a watch ends or breaks, from a new list
 * where that version is too old (410). It never gives up, and what it knows stays while the API server is away.
 */
export function createReflector<T extends KubernetesObject>(options: ReflectorOptions<T>): Reflector<T> {
  const { client, path, read, log = () => {}, watchSeconds = 30, graceMs = 10_000 } = options;
  const query = { labelSelector: options.labelSelector, fieldSelector: options.fieldSelector };
  const mirror = createMirror<T>(guarded(options, (error) => log(`A listener failed: ${words(error)}`)));
  const closing = new AbortController();
  const synced = Promise.withResolvers<void>();
  const backoff = createBackoff({ firstMs: FIRST_RETRY_MS, lastMs: LAST_RETRY_MS });
  let running: Promise<void> | undefined;
  let isSynced = false;
  let lists = 0;
  let heardAt = performance.now();
  let trouble: string | undefined;

  function heard(): void {
    heardAt = performance.now();
    trouble = undefined;
    backoff.reset();
  }

  async function list(): Promise<string> {
    const { items, resourceVersion } = await listPages(client, path, {
      query,
      read,
      onUnread: unread,
      signal: closing.signal,
      ...(options.pageSize === undefined ? {} : { pageSize: options.pageSize }),
    });
    lists++;
    heard();
    mirror.replace(items, resourceVersion);
    if (!isSynced) {
      isSynced = true;
      synced.resolve();
      options.onSynced?.();
    }
    return resourceVersion;
  }

  function unread(json: unknown): void {
    log(`${path}: an object could not be read: ${JSON.stringify(json)?.slice(0, 200)}`);
  }

  async function run(): Promise<void> {
    let version: string | undefined;
    const take = (json: unknown, use: (object: T) => void) => {
      heard();
      const object = read(json);
      if (object === undefined) {
        unread(json);
        return;
      }
      version = later(version, object.metadata.resourceVersion);
      use(object);
    };
    while (!closing.signal.aborted) {
      try {
        version ??= await list();
        await watchOnce(
          client,
          path,
          {
            query,
            resourceVersion: version,
            seconds: Math.ceil(watchSeconds * (1 + Math.random())),
            graceMs,
            signal: closing.signal,
          },
          {
            changed: (json) => take(json, mirror.changed),
            deleted: (json) => take(json, mirror.deleted),
            bookmark: (resourceVersion) => {
              heard();
              version = later(version, resourceVersion);
              mirror.hear(resourceVersion);
            },
          },
        );
        // A server that ends each watch at once must not be asked in a loop.
        await pause(50 + Math.random() * 100, closing.signal);
      } catch (error) {
        if (closing.signal.aborted) return;
        if (isGone(error)) version = undefined;
        trouble = words(error);
        const asked = error instanceof KubernetesApiError ? (error.retryAfterMs ?? 0) : 0;
        const delay = Math.max(backoff.next(), asked);
        log(`${path}: ${trouble}; again in ${Math.round(delay)} ms`);
        await pause(delay, closing.signal);
      }
    }
  }

  return {
    start() {
      running ??= run();
    },
    synced: synced.promise,
    get: mirror.get,
    all: mirror.all,
    written: mirror.written,
    health: () => ({ synced: isSynced, lists, silentMs: performance.now() - heardAt, trouble }),
    async close() {
      closing.abort(new Error("closed"));
      await running;
    },
  };
}

function later(one: string | undefined, other: string): string {
  return one === undefined || versionOf(other) > versionOf(one) ? other : one;
}

function guarded<T extends KubernetesObject>(
  { onAdd, onUpdate, onDelete }: MirrorListener<T>,
  onError: (error: unknown) => void,
): MirrorListener<T> {
  const guard = (work: () => void) => {
    try {
      work();
    } catch (error) {
      onError(error);
    }
  };
  return {
    onAdd: (object) => guard(() => onAdd?.(object)),
    onUpdate: (object, before) => guard(() => onUpdate?.(object, before)),
    onDelete: (object) => guard(() => onDelete?.(object)),
  };
}

function words(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
