import type { SessionWorkers } from "../sessions/session-table.ts";
import type { CallPool } from "./call-pool.ts";
import { privateMemory } from "./private-memory.ts";
import { SessionMemory } from "./session-memory.ts";
import type { Supervisor } from "./supervisor.ts";
import type { Worker } from "./worker.ts";

/** Sessions share the pod's workers: each one lives where the fewest are. */
export function sharedWorkers(pool: CallPool): SessionWorkers {
  return { take: () => pool.workerForSession(), release() {} };
}

/** Each session has a worker of its own, that ends with it. */
export function ownWorkers(
  pool: CallPool,
  supervisor: Supervisor,
  maxMemory: number | undefined,
): SessionWorkers {
  const memory = new SessionMemory(maxMemory, privateMemory);
  const release = (worker: Worker) => {
    memory.delete(worker);
    worker.retire();
  };
  return {
    async take() {
      pool.checkOpen();
      memory.admit();
      const worker = await supervisor.forkForSession();
      memory.add(worker);
      try {
        pool.checkOpen();
      } catch (error) {
        release(worker);
        throw error;
      }
      return worker;
    },
    release,
  };
}
