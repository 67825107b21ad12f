export interface WorkQueueOptions {
  readonly concurrency: number;
  /** One pass over a key; a rejection is tried again after `retryDelayMs`. */
  readonly handle: (key: string) => Promise<void>;
  /** After so many failures in a row, 1 and up. */
  readonly retryDelayMs: (failures: number) => number;
  readonly onError: (key: string, error: unknown) => void;
}

export interface WorkQueue {
  /** Has the key handled soon: once for any number of adds before that, and again if it is being handled now. */
  add(key: string): void;
  /** As `add`, in that time or before. */
  addAfter(key: string, ms: number): void;
  /** Resolves when nothing is handled or waits for its turn; what waits for its time does not count. */
  idle(): Promise<void>;
  /** No more passes; resolves when those that run have ended. */
  close(): Promise<void>;
}

/** De-duplicates keys, never handles one twice at once, at most `concurrency` at a time; holds each key at most once. */
export function createWorkQueue({ concurrency, handle, retryDelayMs, onError }: WorkQueueOptions): WorkQueue {
  const queued = new Set<string>();
  const active = new Map<string, Promise<void>>();
  const failures = new Map<string, number>();
  const timers = new Map<string, { readonly at: number; readonly timer: NodeJS.Timeout }>();
  let idle = Promise.withResolvers<void>();
  let closed = false;

  function pump(): void {
    for (const key of queued) {
      if (closed || active.size >= concurrency) return;
      if (active.has(key)) continue;
      queued.delete(key);
      active.set(key, pass(key));
    }
  }

  async function pass(key: string): Promise<void> {
    try {
      // Not in the turn of `add`: its caller is not yet done with what it changed.
      await Promise.resolve();
      await handle(key);
      failures.delete(key);
    } catch (error) {
      const count = (failures.get(key) ?? 0) + 1;
      failures.set(key, count);
      onError(key, error);
      addAfter(key, retryDelayMs(count));
    } finally {
      active.delete(key);
      pump();
      if (queued.size === 0 && active.size === 0) {
        idle.resolve();
        idle = Promise.withResolvers();
      }
    }
  }

  function add(key: string): void {
    if (closed) return;
    clear(key);
    queued.add(key);
    pump();
  }

  function addAfter(key: string, ms: number): void {
    if (closed) return;
    const at = performance.now() + ms;
    const known = timers.get(key);
    if (known !== undefined && known.at <= at) return;
    clear(key);
    // Longer ones would overflow to none; the pass that comes early asks again.
    timers.set(key, { at, timer: setTimeout(() => add(key), Math.min(ms, 2 ** 31 - 1)) });
  }

  function clear(key: string): void {
    clearTimeout(timers.get(key)?.timer);
    timers.delete(key);
  }

  return {
    add,
    addAfter,
    async idle() {
      if (queued.size > 0 || active.size > 0) await idle.promise;
    },
    async close() {
      closed = true;
      for (const key of timers.keys()) clear(key);
      queued.clear();
      await Promise.all(active.values());
    },
  };
}
