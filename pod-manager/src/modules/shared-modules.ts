import { toStatus } from "@podule/grpc";
import { type Module, Module_State, type ModuleSpec } from "@podule/proto/podule/v1/modules.ts";
import type { Leadership } from "../kubernetes/lease-election.ts";
import { createLedReconciler } from "./led-reconciler.ts";
import type { ModuleChanges } from "./module-changes.ts";
import { idOf } from "./module-id.ts";
import { emptySpec } from "./module-spec.ts";
import { withStatus } from "./module-status.ts";
import type { ModuleStore, SharedModuleStore } from "./module-store.ts";
import { newModule } from "./new-module.ts";
import type { Reconciler } from "./reconciler.ts";
import type { Registry } from "./registry.ts";
import { createSharedModuleChanges } from "./shared-module-changes.ts";
import { createStoreFollower } from "./store-follower.ts";
import type { PodScale } from "./wanted-pods.ts";

export interface SharedModules {
  readonly reconciler: Reconciler;
  readonly changes: ModuleChanges;
  /** A call asks for a module that is not there: it can be waited for at once, and is made meanwhile. */
  createByCall(id: string): Module;
  start(): Promise<void>;
}

export function isShared(store: ModuleStore | SharedModuleStore): store is SharedModuleStore {
  return "all" in store;
}

/** Modules of several replicas on one store: each follows it, and the one that leads reconciles. */
export function shareModules(options: {
  readonly registry: Registry;
  readonly store: SharedModuleStore;
  readonly leadership: Pick<Leadership, "isLeader" | "watch">;
  readonly makeReconciler: () => Reconciler;
  readonly scale?: PodScale;
  readonly validate: (id: string, spec: ModuleSpec, signal: AbortSignal) => Promise<void>;
  readonly log: (message: string) => void;
  readonly now: () => Date;
}): SharedModules {
  const { registry, store, leadership, scale, now } = options;
  let leads = false;
  const reconciler = createLedReconciler({
    leadership,
    make: options.makeReconciler,
    onBegin() {
      leads = true;
      for (const module of registry.all()) scale?.forget(idOf(module));
    },
    onEnd() {
      leads = false;
      // What this manager thought, and could not write any more, is not so.
      for (const module of store.all()) follow({ type: "PUT", module });
    },
  });
  const follow = createStoreFollower({ registry, reconciler, leads: () => leads, now });
  const changes = createSharedModuleChanges({ registry, store, validate: options.validate, now });

  async function make(provisional: Module): Promise<void> {
    const id = idOf(provisional);
    try {
      const { module } = await store.create(id, emptySpec());
      // It was there already, and nothing of it has changed.
      if (registry.get(id) === provisional) follow({ type: "PUT", module });
    } catch (error) {
      if (registry.get(id) !== provisional) return;
      const failed = { state: Module_State.FAILED, error: toStatus(error), observedGeneration: 1n };
      // Those that wait are told why; the next call tries again.
      registry.exchange(withStatus(provisional, failed, now()));
      registry.remove(id);
    }
  }

  return {
    reconciler,
    changes,
    createByCall(id) {
      const module = newModule(id, "", emptySpec(), now());
      registry.add(module);
      void make(module);
      return module;
    },
    async start() {
      await store.open(follow);
      reconciler.start();
    },
  };
}
