import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";

/**
 * The id of the last call that a worker started, as it wrote it to its file; 0 before the first. Undefined where there is no
 * file: then nothing is known.
 */
export function readProgress(folder: string, worker: number): number | undefined {
  try {
    const bytes = readFileSync(join(folder, String(worker)));
    return bytes.length >= 4 ? bytes.readUInt32LE(0) : undefined;
  } catch {
    return undefined;
  }
}

export function removeProgress(folder: string, worker: number): void {
  rmSync(join(folder, String(worker)), { force: true });
}

/** Ids wrap around at 2^31, beyond which are those of callbacks, and leave out 0. */
export function nextLinkId(id: number): number {
  return id === 0x7fff_ffff ? 1 : id + 1;
}

/** Whether a worker with this progress had started the call. Without knowledge: yes, it may have run. */
export function wasStarted(linkId: number, progress: number | undefined): boolean {
  if (progress === undefined) return true;
  if (progress === 0) return false;
  return (progress - linkId) << 1 >= 0;
}
