import type { Module, ModuleSpec } from "@podule/proto/podule/v1/modules.ts";

/** A change that came from elsewhere than this manager (`kubectl apply`). */
export type StoreEvent =
  | {
      readonly type: "PUT";
      readonly module: Module;
      /** Another text than before: this generation is to be resolved anew. */
      readonly refresh?: string;
    }
  | { readonly type: "REMOVED"; readonly id: string };

/** Where modules last. One writer at a time for one id: callers see to that. */
export interface ModuleStore {
  /** Takes hold of the store and returns what is in it. `listener` hears changes made by others. */
  open(listener: (event: StoreEvent) => void): Promise<readonly Module[]>;
  /** Resolves when the module, spec and status, is durable. Throws StatusError. */
  put(module: Module): Promise<void>;
  /** Resolves when it is durably gone; also where it never was. */
  remove(id: string): Promise<void>;
  close(): Promise<void>;
}

/**
 * A store that others write to, and that gives modules their uid, generation and etag. `open` tells its listener what is there, and tells it
 * of each change, this manager's own too. `put` keeps the status alone, and only by the one that leads.
 */
export interface SharedModuleStore extends ModuleStore {
  /** As the store has them now. */
  all(): readonly Module[];
  /** The module of that id, made where there was none. */
  create(id: string, spec: ModuleSpec): Promise<{ readonly module: Module; readonly made: boolean }>;
  /** ABORTED where the module is no longer as it was `before`. With `renew`, the same spec too is a new generation. */
  update(before: Module, spec: ModuleSpec, renew: boolean): Promise<Module>;
  /** Resolves when it is durably marked: it drains, then it is removed. */
  beginDelete(module: Module): Promise<void>;
}
