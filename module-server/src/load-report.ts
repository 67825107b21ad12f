/** As often as it changes, but no oftener. */
const EVERY_MS = 100;

export interface PodLoad {
  /** Calls that are not finished. */
  readonly calls: number;
  readonly sessions: number;
}

/** Tells the parent process, where there is one, what the pod has to do. Returns what is to be called on each change: cheap. */
export function createLoadReport(
  read: () => PodLoad,
  send: ((message: PodLoad & { readonly type: "load" }) => void) | undefined,
): () => void {
  let timer: NodeJS.Timeout | undefined;
  let last: PodLoad = { calls: 0, sessions: 0 };
  return () => {
    if (send === undefined || timer !== undefined) return;
    timer = setTimeout(() => {
      timer = undefined;
      const { calls, sessions } = read();
      if (calls === last.calls && sessions === last.sessions) return;
      last = { calls, sessions };
      send({ type: "load", calls, sessions });
    }, EVERY_MS);
    timer.unref();
  };
}
