import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";

/** What of the files below `expected` and `actual` is not the same; one line a file. */
export async function differences(expected: string, actual: string): Promise<string[]> {
  const [wanted, present] = await Promise.all([filesBelow(expected), filesBelow(actual)]);
  const lines = await Promise.all(
    [...new Set([...wanted, ...present])].sort().map(async (name) => {
      if (!present.has(name)) return `missing: ${join(actual, name)}`;
      if (!wanted.has(name)) return `not generated any more: ${join(actual, name)}`;
      const [a, b] = await Promise.all([readFile(join(expected, name)), readFile(join(actual, name))]);
      return a.equals(b) ? undefined : `not current: ${join(actual, name)}`;
    }),
  );
  return lines.filter((line) => line !== undefined);
}

async function filesBelow(folder: string): Promise<Set<string>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  return new Set(files.map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1)));
}
