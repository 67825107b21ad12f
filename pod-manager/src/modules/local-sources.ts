import { createHash, randomBytes } from "node:crypto";
import { mkdir, readdir, rename, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { StatusError, statusError, toStatus } from "@podule/grpc";
import type { Module } from "@podule/proto/podule/v1/modules.ts";
import { Status } from "nice-grpc";
import { syncFolder } from "../environments/atomic-write.ts";
import { listSource, readForDigest } from "./source-tree.ts";
import type { Sources } from "./sources.ts";

const NEW = ".new-";
const COPY = /^([0-9]+)-([0-9a-f]{32})$/;

interface Copy {
  readonly generation: bigint;
  readonly digest: string;
  readonly folder: string;
}

/** Copies below `sources/UID/GENERATION-DIGEST`: a generation runs the latest copy that is not younger than itself. */
export function createLocalSources(options: { stateDir: string; namespace: string }): Sources {
  const root = join(options.stateDir, options.namespace, "sources");

  async function copiesOf(uid: string): Promise<readonly Copy[]> {
    const folder = join(root, uid);
    const names = await readdir(folder).catch(() => []);
    return names.flatMap((name) => {
      const [, generation, digest] = COPY.exec(name) ?? [];
      if (generation === undefined || digest === undefined) return [];
      return [{ generation: BigInt(generation), digest, folder: join(folder, name) }];
    });
  }

  async function copyOf({ uid, generation, spec }: Module): Promise<Copy | undefined> {
    if (spec === undefined || spec.path === "") return undefined;
    const copies = (await copiesOf(uid)).filter((copy) => copy.generation <= generation);
    return copies.reduce<Copy | undefined>(
      (best, copy) => (best === undefined || copy.generation > best.generation ? copy : best),
      undefined,
    );
  }

  return {
    async check(path) {
      await listSource(path);
    },

    async copy(uid, generation, path) {
      const files = await listSource(path);
      const folder = join(root, uid);
      const temporary = join(folder, `${NEW}${randomBytes(6).toString("hex")}`);
      try {
        const digest = createHash("sha256");
        await mkdir(temporary, { recursive: true, mode: 0o700 });
        for (const file of files) {
          const target = join(temporary, file.name);
          await mkdir(dirname(target), { recursive: true });
          await writeFile(target, await readForDigest(file, digest), { flush: true });
        }
        const hex = digest.digest("hex").slice(0, 32);
        // A copy of this generation that is there already belongs to an update that was never kept.
        for (const copy of await copiesOf(uid))
          if (copy.generation >= generation) await rm(copy.folder, { recursive: true, force: true });
        await rename(temporary, join(folder, `${generation}-${hex}`));
        await syncFolder(folder);
        return hex;
      } catch (error) {
        throw error instanceof StatusError ? error : failed(error);
      } finally {
        await rm(temporary, { recursive: true, force: true }).catch(() => {});
      }
    },

    digestOf: async (module) => (await copyOf(module))?.digest,
    folderOf: async (module) => (await copyOf(module))?.folder,

    async prune(uid, keep) {
      const kept = keep === undefined ? undefined : await copyOf(keep);
      if (kept === undefined) {
        await rm(join(root, uid), { recursive: true, force: true });
        return;
      }
      // Younger ones belong to an update that is under way.
      for (const copy of await copiesOf(uid))
        if (copy.generation < kept.generation) await rm(copy.folder, { recursive: true, force: true });
    },

    async retain(uids) {
      for (const uid of await readdir(root).catch(() => [])) {
        const folder = join(root, uid);
        const unfinished = (await readdir(folder).catch(() => [])).filter((name) => name.startsWith(NEW));
        const gone = uids.has(uid) ? unfinished.map((name) => join(folder, name)) : [folder];
        for (const path of gone) await rm(path, { recursive: true, force: true }).catch(() => {});
      }
    },
  };
}

function failed(error: unknown) {
  const { message } = toStatus(error);
  const full = /ENOSPC|EDQUOT/.test(message);
  return statusError(
    full ? Status.RESOURCE_EXHAUSTED : Status.UNAVAILABLE,
    full ? "STATE_DISK_FULL" : "STATE_FAILED",
    `The code could not be copied: ${message}`,
  );
}
