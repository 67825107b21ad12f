/** As often as it changes, but no oftener. */
const EVERY_MS = 100;

export interface PodLoad {
  /** Calls that are not finished. */
  readonly calls: number;
  readonly sessions: number;
}

export interface LoadReport {
  /** To be called on each change: cheap. */
  changed(): void;
  readonly current: PodLoad;
  /** Calls `listener` with each change from now on. Returns the way to stop that. */
  watch(listener: (load: PodLoad) => void): () => void;
}

/** Tells whoever wants to know, the local backend and the managers of a cluster, what the pod has to do. */
export function createLoadReport(read: () => PodLoad): LoadReport {
  const listeners = new Set<(load: PodLoad) => void>();
  let timer: NodeJS.Timeout | undefined;
  let last: PodLoad = { calls: 0, sessions: 0 };
  return {
    changed() {
      if (listeners.size === 0 || timer !== undefined) return;
      timer = setTimeout(() => {
        timer = undefined;
        // Also where nothing is left of a short call: that there was one is news.
        const { calls, sessions } = read();
        last = { calls, sessions };
        for (const listener of listeners) listener(last);
      }, EVERY_MS);
      timer.unref();
    },
    get current() {
      return read();
    },
    watch(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}
