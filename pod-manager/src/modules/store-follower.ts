import { type Module, Module_State as State } from "@podule/proto/podule/v1/modules.ts";
import { idOf } from "./module-id.ts";
import { withStatus } from "./module-status.ts";
import type { StoreEvent } from "./module-store.ts";
import type { Reconciler } from "./reconciler.ts";
import type { Registry } from "./registry.ts";

/** A module that a call asked for, until the store has given it its uid. */
export const isProvisional = ({ uid }: Module): boolean => uid === "";

/**
 * Keeps the registry as the store is. Where this manager leads, the statuses in the registry are ahead of the store's: they stay, and what
 * comes in is the spec and that the module is deleted.
 */
export function createStoreFollower(options: {
  readonly registry: Registry;
  readonly reconciler: Pick<Reconciler, "enqueue" | "refresh">;
  readonly leads: () => boolean;
  readonly now: () => Date;
}): (event: StoreEvent) => void {
  const { registry, reconciler, leads, now } = options;
  const refreshes = new Map<string, string>();

  function merged(known: Module, module: Module): Module {
    if (!leads()) return module;
    const { generation, status } = module;
    const ours = { ...module, status: known.status };
    if (status?.state === State.DRAINING)
      return withStatus(ours, { state: State.DRAINING, message: "Deleted" }, now());
    if (known.generation === generation) return ours;
    return withStatus(ours, { state: State.RESOLVING, message: `Generation ${generation}` }, now());
  }

  function isRenewed(id: string, refresh: string | undefined): boolean {
    if (refresh === undefined) return false;
    const before = refreshes.get(id) ?? "";
    if (refresh === "") refreshes.delete(id);
    else refreshes.set(id, refresh);
    return refresh !== before;
  }

  function put(module: Module, refresh: string | undefined): void {
    const id = idOf(module);
    const known = registry.get(id);
    const renewed = isRenewed(id, refresh) && known?.uid === module.uid;
    if (known === undefined) registry.restore(module);
    else if (isProvisional(known)) registry.exchange(module);
    else if (known.uid === module.uid) registry.replace(merged(known, module));
    else {
      registry.remove(id);
      registry.restore(module);
    }
    if (renewed) reconciler.refresh(module);
    reconciler.enqueue(id);
  }

  return (event) => {
    if (event.type === "PUT") {
      put(event.module, event.refresh);
      return;
    }
    const known = registry.get(event.id);
    refreshes.delete(event.id);
    // One that is being made under the name of one that went stays.
    if (known === undefined || isProvisional(known)) return;
    registry.remove(event.id);
    reconciler.enqueue(event.id);
  };
}
