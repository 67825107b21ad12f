import { statusError } from "@podule/grpc";
import type { Module } from "@podule/proto/podule/v1/modules.ts";
import { Status } from "nice-grpc";
import type { ModuleEvent } from "./module-directory.ts";
import { idOf } from "./module-id.ts";

/** More modules than anyone means to have: calls to made-up names must not fill memory and disk. */
const MAX_MODULES = 10_000;

/** The modules as this manager knows them. A module is never changed, only replaced. */
export function createRegistry(onListenerError: (error: unknown) => void) {
  const modules = new Map<string, Module>();
  const listeners = new Set<(event: ModuleEvent) => void>();

  function tell(type: ModuleEvent["type"], module: Module): void {
    for (const listener of listeners) {
      try {
        listener({ type, module });
      } catch (error) {
        onListenerError(error);
      }
    }
  }

  function checkRoom(): void {
    if (modules.size >= MAX_MODULES)
      throw statusError(
        Status.RESOURCE_EXHAUSTED,
        "TOO_MANY_MODULES",
        `There are ${MAX_MODULES} modules; delete some`,
      );
  }

  return {
    get: (id: string): Module | undefined => modules.get(id),
    all: (): Iterable<Module> => modules.values(),

    /** Throws RESOURCE_EXHAUSTED where one more would be too many. */
    checkRoom,

    add(module: Module): void {
      checkRoom();
      modules.set(idOf(module), module);
      tell("ADDED", module);
    },

    /** As `add`, for one that was there before: also beyond the limit. */
    restore(module: Module): void {
      modules.set(idOf(module), module);
      tell("ADDED", module);
    },

    /** Replaces the module of that name and uid; one that went meanwhile stays gone. */
    replace(module: Module): void {
      const id = idOf(module);
      if (modules.get(id)?.uid !== module.uid) return;
      modules.set(id, module);
      tell("MODIFIED", module);
    },

    /** Replaces whatever has that name, as another state of it. */
    exchange(module: Module): void {
      modules.set(idOf(module), module);
      tell("MODIFIED", module);
    },

    remove(id: string): void {
      const module = modules.get(id);
      if (module === undefined) return;
      modules.delete(id);
      tell("DELETED", module);
    },

    watch(listener: (event: ModuleEvent) => void): () => void {
      const own = (event: ModuleEvent) => listener(event);
      listeners.add(own);
      return () => listeners.delete(own);
    },
  };
}

export type Registry = ReturnType<typeof createRegistry>;
