import type { Module } from "@podule/proto/podule/v1/modules.ts";

/** Copies of users' own code. */
export interface Sources {
  /** Throws INVALID_ARGUMENT for a path that holds no module. */
  check(path: string): Promise<void>;
  /**
   * Copies the file or package folder at `path` for that generation of the module, whole or not at all. Resolves to the digest of
   * its content. Throws as `check`.
   */
  copy(uid: string, generation: bigint, path: string): Promise<string>;
  /** The digest of the copy that the module's generation runs; undefined where it has none. */
  digestOf(module: Module): Promise<string | undefined>;
  /** The folder for `sys.path` that the module's generation runs; undefined where it has none. */
  folderOf(module: Module): Promise<string | undefined>;
  /** Removes the copies that are older than the one that the generation runs; without `keep` all of that module. */
  prune(uid: string, keep?: Module): Promise<void>;
  /** At the start: removes the copies of all other modules and unfinished ones, which a crash left behind. */
  retain(uids: ReadonlySet<string>): Promise<void>;
}
