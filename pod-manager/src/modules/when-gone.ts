import type { Registry } from "./registry.ts";

/** Resolves when the module of that uid is no more; rejects with the signal's reason when that comes first. */
export function whenGone(registry: Registry, id: string, uid: string, signal: AbortSignal): Promise<void> {
  const isGone = () => registry.get(id)?.uid !== uid;
  return new Promise((resolve, reject) => {
    if (signal.aborted) {
      reject(signal.reason);
      return;
    }
    const settle = (end: () => void) => {
      stop();
      signal.removeEventListener("abort", onAbort);
      end();
    };
    const onAbort = () => settle(() => reject(signal.reason));
    const stop = registry.watch(() => {
      if (isGone()) settle(resolve);
    });
    signal.addEventListener("abort", onAbort);
    if (isGone()) settle(resolve);
  });
}
