import { statusError } from "@podule/grpc";
import { type Module, Module_State, type ModuleSpec } from "@podule/proto/podule/v1/modules.ts";
import { Status } from "nice-grpc";
import type { KeyedMutex } from "./keyed-mutex.ts";
import { moduleName } from "./module-id.ts";
import { differInScalingOnly, emptySpec, specDifference, specViolations } from "./module-spec.ts";
import { withStatus } from "./module-status.ts";
import type { ModuleStore } from "./module-store.ts";
import { newModule, newUid, withScaling, withSpec } from "./new-module.ts";
import type { Reconciler } from "./reconciler.ts";
import { refuse } from "./refuse.ts";
import type { Registry } from "./registry.ts";
import type { Sources } from "./sources.ts";
import { maskedFields, mergeSpec } from "./update-mask.ts";

export interface ModuleChangesOptions {
  readonly registry: Registry;
  readonly store: ModuleStore;
  readonly sources: Sources;
  readonly reconciler: Reconciler;
  readonly mutex: KeyedMutex;
  readonly validate: (id: string, spec: ModuleSpec, signal: AbortSignal) => Promise<void>;
  readonly now: () => Date;
}

export interface Update {
  readonly spec: ModuleSpec;
  readonly etag: string;
  readonly mask: readonly string[] | undefined;
}

export interface ModuleChanges {
  /** With `validateOnly`: only checks, resolves its requirements, and makes nothing. */
  create(id: string, spec: ModuleSpec, validateOnly?: AbortSignal): Promise<Module>;
  update(id: string, change: Update, validateOnly?: AbortSignal): Promise<Module>;
  /** Marks it as draining, durably; the reconciler does the rest. Resolves to the module as it is then. */
  beginDelete(id: string, etag: string): Promise<Module>;
  /** Throws NOT_FOUND. */
  find(id: string): Module;
}

/** The changes that users make: durable before they are answered, one at a time for each module. */
export function createModuleChanges(options: ModuleChangesOptions): ModuleChanges {
  const { registry, store, sources, reconciler, mutex, now } = options;

  async function create(id: string, spec: ModuleSpec, validateOnly?: AbortSignal): Promise<Module> {
    refuse(specViolations(id, spec));
    if (validateOnly !== undefined) {
      const there = existing(id, spec);
      if (there !== undefined) return there;
      await options.validate(id, spec, validateOnly);
      return { ...newModule(id, "", spec, now()), uid: "", etag: "", status: undefined };
    }
    return mutex.run(id, async () => {
      const there = existing(id, spec);
      if (there !== undefined) return there;
      const uid = newUid();
      if (spec.path !== "") await sources.copy(uid, 1n, spec.path);
      // A call may have made it meanwhile.
      const rival = existing(id, spec);
      if (rival !== undefined) {
        await sources.prune(uid);
        return rival;
      }
      const module = newModule(id, uid, spec, now());
      registry.add(module);
      try {
        await store.put(module);
      } catch (error) {
        registry.remove(id);
        await sources.prune(uid).catch(() => {});
        throw error;
      }
      reconciler.enqueue(id);
      return module;
    });
  }

  function existing(id: string, spec: ModuleSpec): Module | undefined {
    const there = registry.get(id);
    if (there === undefined) return undefined;
    refuseDraining(there);
    const difference = specDifference(id, there.spec ?? emptySpec(), spec);
    if (difference.length === 0) return there;
    throw moduleExists(there, difference);
  }

  async function update(id: string, change: Update, validateOnly?: AbortSignal): Promise<Module> {
    const { fields, violations } = maskedFields(change.mask, change.spec);
    refuse(violations);
    if (validateOnly !== undefined) {
      const current = updatable(id, change.etag);
      const spec = mergeSpec(current.spec ?? emptySpec(), change.spec, fields);
      refuse(specViolations(id, spec));
      await options.validate(id, spec, validateOnly);
      return { ...current, spec };
    }
    return mutex.run(id, async () => {
      const current = updatable(id, change.etag);
      const before = current.spec ?? emptySpec();
      const spec = mergeSpec(before, change.spec, fields);
      refuse(specViolations(id, spec));
      const newCode = fields.has("path") && spec.path !== "" && (await copyChanged(current, spec.path));
      const failed = registry.get(id)?.status?.state === Module_State.FAILED;
      const named = change.mask !== undefined && (fields.has("dependency") || fields.has("python"));
      const same = specDifference(id, before, spec).length === 0;
      if (same && !newCode && !failed && !named) return registry.get(id) ?? current;
      const samePods = !newCode && !failed && !named && differInScalingOnly(id, before, spec);
      const next = samePods ? withScaling : withSpec;
      const written = next(registry.get(id) ?? current, spec, now());
      await store.put(written);
      // The status may have moved on while this was written.
      const updated = next(registry.get(id) ?? current, spec, now());
      registry.replace(updated);
      if (failed || fields.has("dependency") || fields.has("python") || fields.has("importName"))
        reconciler.refresh(updated);
      reconciler.enqueue(id);
      return updated;
    });
  }

  async function copyChanged(current: Module, path: string): Promise<boolean> {
    const was = await sources.digestOf(current);
    return (await sources.copy(current.uid, current.generation + 1n, path)) !== was;
  }

  function updatable(id: string, etag: string): Module {
    const module = find(id);
    refuseDraining(module);
    refuseStale(module, etag);
    return module;
  }

  function find(id: string): Module {
    const module = registry.get(id);
    if (module === undefined) throw moduleNotFound(id);
    return module;
  }

  async function beginDelete(id: string, etag: string): Promise<Module> {
    return mutex.run(id, async () => {
      const module = find(id);
      refuseStale(module, etag);
      if (isDraining(module)) return module;
      await store.put(draining(module));
      const marked = draining(registry.get(id) ?? module);
      registry.replace(marked);
      reconciler.enqueue(id);
      return marked;
    });
  }

  function draining(module: Module): Module {
    return withStatus(module, { state: Module_State.DRAINING, message: "Deleted" }, now());
  }

  return { create, update, beginDelete, find };
}

export function moduleNotFound(id: string) {
  return statusError(Status.NOT_FOUND, "MODULE_NOT_FOUND", `There is no module ${moduleName(id)}`, {
    metadata: { module: moduleName(id) },
  });
}

export function moduleExists(there: Module, difference: readonly string[]) {
  return statusError(
    Status.ALREADY_EXISTS,
    "MODULE_EXISTS",
    `${there.name} exists with another spec: ${difference.join("; ")}`,
    { metadata: { module: there.name } },
  );
}

export function refuseDraining(module: Module): void {
  if (isDraining(module))
    throw statusError(Status.FAILED_PRECONDITION, "MODULE_DRAINING", `${module.name} is being deleted`, {
      metadata: { module: module.name },
      retryAfterMs: 1000,
    });
}

export function refuseStale(module: Module, etag: string): void {
  if (etag !== "" && etag !== module.etag)
    throw statusError(
      Status.ABORTED,
      "ETAG_MISMATCH",
      `${module.name} has changed: its etag is ${module.etag}; read it again`,
      { metadata: { module: module.name } },
    );
}

export function isDraining(module: Module): boolean {
  return module.status?.state === Module_State.DRAINING;
}
