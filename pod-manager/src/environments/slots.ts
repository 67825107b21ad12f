/** At most `count` holders at a time; the others wait in order. `refuse` is thrown at one that would be more than `mayWait`. */
export function createSlots(
  count: number,
  { mayWait = Number.POSITIVE_INFINITY, refuse = () => new Error() } = {},
) {
  let free = count;
  const waiting = new Set<() => void>();

  function release(): void {
    const [next] = waiting;
    if (next === undefined) {
      free++;
      return;
    }
    waiting.delete(next);
    next();
  }

  async function take(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (free > 0) {
      free--;
      return;
    }
    if (waiting.size >= mayWait) throw refuse();
    await new Promise<void>((resolve, reject) => {
      const onAbort = () => {
        waiting.delete(grant);
        reject(signal.reason);
      };
      const grant = () => {
        signal.removeEventListener("abort", onAbort);
        resolve();
      };
      waiting.add(grant);
      signal.addEventListener("abort", onAbort, { once: true });
    });
  }

  return {
    async hold<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
      await take(signal);
      try {
        return await work();
      } finally {
        release();
      }
    },
  };
}
