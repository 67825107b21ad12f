import type { Module } from "@podule/proto/podule/v1/modules.ts";

export type ModuleEvent = { readonly type: "ADDED" | "MODIFIED" | "DELETED"; readonly module: Module };

/** What the routing of calls needs to know of modules. */
export interface ModuleDirectory {
  getModule(id: string): Module | undefined;
  /**
   * The module of that id, made with the defaults where the policy allows that.
   * Throws StatusError: INVALID_ARGUMENT for an impossible id, NOT_FOUND where the policy makes none.
   */
  ensureModule(id: string): Module;
  /** Calls `listener` with every change from now on. Returns the way to stop that. */
  watch(listener: (event: ModuleEvent) => void): () => void;
}
