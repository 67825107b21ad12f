import { mkdir, readdir, readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { statusError, toStatus } from "@podule/grpc";
import type { Module } from "@podule/proto/podule/v1/modules.ts";
import { Status } from "nice-grpc";
import { atomicWrite, syncFolder, UNFINISHED } from "../environments/atomic-write.ts";
import { formatModule, parseModule } from "./module-file.ts";
import { idOf } from "./module-id.ts";
import type { ModuleStore } from "./module-store.ts";
import { lockFolder } from "./state-lock.ts";

export interface LocalModuleStoreOptions {
  readonly stateDir: string;
  readonly namespace: string;
  readonly log?: (message: string) => void;
}

const SUFFIX = ".json";

/** One JSON file a module, below a folder that one manager holds. */
export function createLocalModuleStore(options: LocalModuleStoreOptions): ModuleStore {
  const { log = console.error } = options;
  const root = join(options.stateDir, options.namespace);
  const folder = join(root, "modules");
  let lock: { release(): void } | undefined;

  async function load(file: string): Promise<Module | undefined> {
    const path = join(folder, file);
    const text = await readFile(path, "utf8").catch((error: unknown) => toStatus(error));
    const module = typeof text === "string" ? parseModule(file.slice(0, -SUFFIX.length), text) : undefined;
    if (module === undefined)
      await setAside(path, typeof text === "string" ? "it is no module" : text.message);
    return module;
  }

  async function setAside(path: string, why: string): Promise<void> {
    const aside = `${path}.set-aside-${Date.now()}`;
    const moved = await rename(path, aside).then(
      () => `is now ${aside}`,
      (error: unknown) => `cannot be renamed: ${toStatus(error).message}`,
    );
    log(`${path} was not read, ${why}; it ${moved}`);
  }

  return {
    async open() {
      await mkdir(folder, { recursive: true, mode: 0o700 }).catch(fail);
      lock = lockFolder(root);
      const modules: Module[] = [];
      for (const file of await readdir(folder).catch(fail)) {
        if (UNFINISHED.test(file)) await rm(join(folder, file), { force: true }).catch(() => {});
        else if (file.endsWith(SUFFIX)) {
          const module = await load(file);
          if (module !== undefined) modules.push(module);
        }
      }
      return modules;
    },

    async put(module) {
      await atomicWrite(join(folder, `${idOf(module)}${SUFFIX}`), formatModule(module)).catch(fail);
    },

    async remove(id) {
      await rm(join(folder, `${id}${SUFFIX}`), { force: true }).catch(fail);
      await syncFolder(folder).catch(fail);
    },

    async close() {
      lock?.release();
      lock = undefined;
    },
  };
}

function fail(error: unknown): never {
  const { message } = toStatus(error);
  const full = /ENOSPC|EDQUOT/.test(message);
  throw statusError(
    full ? Status.RESOURCE_EXHAUSTED : Status.UNAVAILABLE,
    full ? "STATE_DISK_FULL" : "STATE_FAILED",
    `The module could not be kept: ${message}`,
  );
}
