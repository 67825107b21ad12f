export interface StartGateOptions {
  /** Pods that may start at once: more would only make each other late. */
  readonly limit: number;
  /** Pods that start now. */
  readonly starting: () => number;
  /** It is that module's turn to ask again. */
  readonly wake: (id: string) => void;
}

/** Lets modules start their pods in turn, those that a call waits for first. */
export function createStartGate({ limit, starting, wake }: StartGateOptions) {
  const waiting = new Set<string>();
  const hurried = new Set<string>();
  const leave = (id: string) => {
    waiting.delete(id);
    hurried.delete(id);
  };

  return {
    /** Whether the module may start a pod now. If not, it is woken when it may. */
    admit(id: string): boolean {
      if (starting() < limit) {
        leave(id);
        return true;
      }
      if (!hurried.has(id)) waiting.add(id);
      return false;
    },
    /** A call waits for that module. */
    hurry(id: string): void {
      if (waiting.delete(id)) hurried.add(id);
    },
    leave,
    /** To be told whenever a pod has changed. */
    onPodChange(): void {
      let free = limit - starting();
      for (const queue of [hurried, waiting])
        for (const id of queue) {
          if (free-- <= 0) return;
          // Out of the line: one that no longer wants to start must not hold up those behind it.
          leave(id);
          wake(id);
        }
    },
  };
}
