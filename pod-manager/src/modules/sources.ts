import type { Module } from "@podule/proto/podule/v1/modules.ts";

/** Copies of users' own code. */
export interface Sources {
  /**
   * Copies the file or package folder at `path` for that generation of the module; resolves to the digest of its content.
   * Throws StatusError: INVALID_ARGUMENT for a path that cannot be a module.
   */
  copy(uid: string, generation: bigint, path: string): Promise<string>;
  /** The folder for `sys.path` that the module's generation runs; undefined where it has none. */
  folderOf(module: Module): Promise<string | undefined>;
  /** Removes all copies of the module. */
  remove(uid: string): Promise<void>;
  /** Removes the copies of all other modules: what a crash left behind. */
  retain(uids: ReadonlySet<string>): Promise<void>;
}
