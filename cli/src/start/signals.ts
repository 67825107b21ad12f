export interface StopRequests {
  /** Aborted by the first of Ctrl-C, SIGTERM, SIGHUP, or the end of the process that started this one. */
  readonly stop: AbortSignal;
  /** Aborted by a second one. */
  readonly now: AbortSignal;
  close(): void;
}

/** A terminal, npm and the bootstrap may each deliver the same Ctrl-C. */
const SAME_MS = 500;

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

export function stopRequests(): StopRequests {
  const stop = new AbortController();
  const now = new AbortController();
  let last = Number.NEGATIVE_INFINITY;
  const request = (name: string) => {
    const time = performance.now();
    const same = time - last < SAME_MS;
    last = time;
    if (same) return;
    if (stop.signal.aborted) now.abort(name);
    else stop.abort(name);
  };
  const abandoned = () => {
    stop.abort("abandoned");
    now.abort("abandoned");
  };
  for (const name of SIGNALS) process.on(name, request);
  process.once("disconnect", abandoned);
  process.channel?.unref();
  return {
    stop: stop.signal,
    now: now.signal,
    close() {
      for (const name of SIGNALS) process.off(name, request);
      process.off("disconnect", abandoned);
    },
  };
}

export function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
}
