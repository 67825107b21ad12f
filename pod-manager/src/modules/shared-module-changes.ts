import { statusError } from "@podule/grpc";
import { type Module, Module_State, type ModuleSpec } from "@podule/proto/podule/v1/modules.ts";
import { Status } from "nice-grpc";
import {
  isDraining,
  type ModuleChanges,
  moduleExists,
  moduleNotFound,
  refuseDraining,
  refuseStale,
} from "./module-changes.ts";
import { idOf } from "./module-id.ts";
import { emptySpec, specDifference, specViolations } from "./module-spec.ts";
import type { SharedModuleStore } from "./module-store.ts";
import { newModule } from "./new-module.ts";
import { refuse } from "./refuse.ts";
import type { Registry } from "./registry.ts";
import { isProvisional } from "./store-follower.ts";
import { maskedFields, mergeSpec } from "./update-mask.ts";

export interface SharedModuleChangesOptions {
  readonly registry: Registry;
  readonly store: SharedModuleStore;
  readonly validate: (id: string, spec: ModuleSpec, signal: AbortSignal) => Promise<void>;
  readonly now: () => Date;
}

/** The changes that users make, where others make changes too: the store decides, and the registry follows it. */
export function createSharedModuleChanges(options: SharedModuleChangesOptions): ModuleChanges {
  const { registry, store, validate, now } = options;

  function find(id: string): Module {
    const module = registry.get(id);
    if (module === undefined) throw moduleNotFound(id);
    return module;
  }

  function updatable(id: string, etag: string): Module {
    const module = find(id);
    refuseDraining(module);
    if (isProvisional(module)) throw notYetKept(module);
    refuseStale(module, etag);
    return module;
  }

  function same(there: Module, spec: ModuleSpec): Module {
    refuseDraining(there);
    const difference = specDifference(idOf(there), there.spec ?? emptySpec(), spec);
    if (difference.length > 0) throw moduleExists(there, difference);
    return there;
  }

  return {
    find,

    async create(id, spec, validateOnly) {
      refuse(specViolations(id, spec));
      const there = registry.get(id);
      if (there !== undefined && !isProvisional(there)) return same(there, spec);
      if (validateOnly !== undefined) {
        await validate(id, spec, validateOnly);
        return { ...newModule(id, "", spec, now()), uid: "", etag: "", status: undefined };
      }
      if (there === undefined) registry.checkRoom();
      const { module, made } = await store.create(id, spec);
      const current = registry.get(id);
      const kept = current?.uid === module.uid ? current : module;
      return made ? kept : same(kept, spec);
    },

    async update(id, change, validateOnly) {
      const { fields, violations } = maskedFields(change.mask, change.spec);
      refuse(violations);
      const current = updatable(id, change.etag);
      const before = current.spec ?? emptySpec();
      const spec = mergeSpec(before, change.spec, fields);
      refuse(specViolations(id, spec));
      if (validateOnly !== undefined) {
        await validate(id, spec, validateOnly);
        return { ...current, spec };
      }
      const failed = current.status?.state === Module_State.FAILED;
      const named = change.mask !== undefined && (fields.has("dependency") || fields.has("python"));
      if (!failed && !named && specDifference(id, before, spec).length === 0) return current;
      const updated = await store.update(current, spec, failed || named);
      const now = registry.get(id);
      return now?.etag === updated.etag ? now : updated;
    },

    async beginDelete(id, etag) {
      const module = find(id);
      if (isProvisional(module)) throw notYetKept(module);
      refuseStale(module, etag);
      if (!isDraining(module)) await store.beginDelete(module);
      return registry.get(id) ?? module;
    },
  };
}

function notYetKept({ name }: Module) {
  return statusError(Status.UNAVAILABLE, "MODULE_NOT_KEPT", `${name} is being made`, {
    metadata: { module: name },
    retryAfterMs: 100,
  });
}
