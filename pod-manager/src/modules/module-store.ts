import type { Module } from "@podule/proto/podule/v1/modules.ts";

/** A change that came from elsewhere than this manager (`kubectl apply`). */
export type StoreEvent =
  | { readonly type: "PUT"; readonly module: Module }
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
