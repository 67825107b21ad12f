interface Run<T> {
  readonly result: Promise<T>;
  readonly controller: AbortController;
  waiting: number;
}

/**
 * One run a key at a time, whose result all who ask meanwhile share. Who aborts leaves alone; the run is aborted when the
 * last one has left.
 */
export function createSharedRuns<T>() {
  const runs = new Map<string, Run<T>>();

  function start(key: string, work: (signal: AbortSignal) => Promise<T>): Run<T> {
    const controller = new AbortController();
    const result = work(controller.signal);
    const run: Run<T> = { result, controller, waiting: 0 };
    runs.set(key, run);
    const forget = () => {
      if (runs.get(key) === run) runs.delete(key);
    };
    result.then(forget, forget);
    return run;
  }

  return {
    async share(key: string, signal: AbortSignal, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
      signal.throwIfAborted();
      const run = runs.get(key) ?? start(key, work);
      run.waiting++;
      const { promise, reject } = Promise.withResolvers<never>();
      const leave = () => reject(signal.reason);
      signal.addEventListener("abort", leave, { once: true });
      try {
        return await Promise.race([run.result, promise]);
      } finally {
        signal.removeEventListener("abort", leave);
        if (--run.waiting === 0) {
          // A run that has ended does not mind; one that goes on has nobody left, and no one may join it.
          if (runs.get(key) === run) runs.delete(key);
          run.controller.abort(signal.aborted ? signal.reason : undefined);
        }
      }
    },
  };
}
