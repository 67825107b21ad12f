import {
  type Module,
  WatchModulesResponse_Type as Type,
  type WatchModulesResponse,
} from "@podule/proto/podule/v1/modules.ts";
import { idOf } from "./module-id.ts";
import type { Registry } from "./registry.ts";

/**
 * The modules that match, then SYNCED, then what changes. Only which modules have changed is kept for a slow reader, never the
 * changes: it gets the latest state of each, and DELETED before ADDED where another one took the name.
 */
export async function* watchModules(
  registry: Registry,
  matches: (module: Module) => boolean,
  signal: AbortSignal,
): AsyncGenerator<WatchModulesResponse> {
  const told = new Map<string, Module>();
  const changed = new Set<string>([...registry.all()].map(idOf).sort());
  let wake: (() => void) | undefined;
  const stop = registry.watch(({ module }) => {
    changed.add(idOf(module));
    wake?.();
  });
  const onAbort = () => wake?.();
  signal.addEventListener("abort", onAbort);

  function* tell(id: string): Generator<WatchModulesResponse> {
    const before = told.get(id);
    const found = registry.get(id);
    const now = found !== undefined && matches(found) ? found : undefined;
    if (before !== undefined && before.uid !== now?.uid) {
      told.delete(id);
      yield { type: Type.DELETED, module: before };
    }
    if (now === undefined || now === before) return;
    told.set(id, now);
    yield { type: before?.uid === now.uid ? Type.MODIFIED : Type.ADDED, module: now };
  }

  try {
    let synced = false;
    while (true) {
      // A copy: what changes while this is sent must not hold back SYNCED.
      for (const id of [...changed]) {
        changed.delete(id);
        yield* tell(id);
        signal.throwIfAborted();
      }
      if (!synced) yield { type: Type.SYNCED };
      synced = true;
      signal.throwIfAborted();
      if (changed.size > 0) continue;
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
      signal.throwIfAborted();
    }
  } finally {
    stop();
    signal.removeEventListener("abort", onAbort);
  }
}
