import { toStatus } from "@podule/grpc";
import type { KeyedMutex } from "./keyed-mutex.ts";
import type { ModuleStore } from "./module-store.ts";
import type { Registry } from "./registry.ts";
import { retryDelayMs } from "./retry-policy.ts";
import { createWorkQueue } from "./work-queue.ts";

const CONCURRENCY = 4;

/**
 * Writes what changes by itself (a status) behind the back of what goes on: the latest state of each module, and again
 * later where a write fails. Nobody waits for it: a lost status is found anew.
 */
export function createPersistence(options: {
  readonly store: ModuleStore;
  readonly registry: Registry;
  readonly mutex: KeyedMutex;
  readonly log: (message: string) => void;
}) {
  const { store, registry, mutex, log } = options;
  const queue = createWorkQueue({
    concurrency: CONCURRENCY,
    handle: (id) =>
      mutex.run(id, async () => {
        const module = registry.get(id);
        if (module !== undefined) await store.put(module);
      }),
    retryDelayMs,
    onError: (id, error) => log(`modules/${id} could not be written: ${toStatus(error).message}`),
  });
  return {
    writeLater: queue.add,
    /** Tries once more to write what is not yet written. */
    async close(): Promise<void> {
      await queue.idle();
      await queue.close();
    },
  };
}
