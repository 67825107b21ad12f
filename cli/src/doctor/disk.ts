import { lstat, readdir, statfs } from "node:fs/promises";
import { dirname, join } from "node:path";

/** Bytes below a folder, as the disk holds them: a file with several names counts once. 0 where there is none. */
export async function sizeOf(folder: string, seen = new Set<number>()): Promise<number> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  let bytes = 0;
  for (const entry of entries) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) bytes += await sizeOf(path, seen);
    else bytes += await fileSize(path, seen);
  }
  return bytes;
}

async function fileSize(path: string, seen: Set<number>): Promise<number> {
  const stats = await lstat(path).catch(() => undefined);
  if (stats === undefined) return 0;
  if (stats.nlink > 1) {
    if (seen.has(stats.ino)) return 0;
    seen.add(stats.ino);
  }
  return stats.blocks * 512;
}

/** Bytes that may still be written where this folder is, or will be. */
export async function freeBytes(folder: string): Promise<number | undefined> {
  const stats = await statfs(folder).catch(() => undefined);
  if (stats !== undefined) return stats.bavail * stats.bsize;
  return dirname(folder) === folder ? undefined : freeBytes(dirname(folder));
}

/** "1.4 GB" */
export function bytesText(bytes: number): string {
  const units = ["B", "kB", "MB", "GB", "TB"];
  let value = bytes;
  let unit = 0;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit++;
  }
  return `${value < 10 && unit > 0 ? value.toFixed(1) : Math.round(value)} ${units[unit]}`;
}
