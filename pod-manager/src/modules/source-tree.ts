import type { createHash } from "node:crypto";
import { readdir, readFile, realpath, stat } from "node:fs/promises";
import { basename, join, relative, sep } from "node:path";
import { toStatus } from "@podule/grpc";
import { badField } from "./module-id.ts";
import { importNameOf } from "./module-spec.ts";

export interface SourceFile {
  /** Below the folder for `sys.path`: "model.py", "model/__init__.py". */
  readonly name: string;
  /** Where it is. */
  readonly path: string;
  readonly size: number;
}

const MAX_FILES = 20_000;
const MAX_BYTES = 512 * 2 ** 20;
const SKIPPED = new Set([
  "__pycache__",
  ".git",
  ".hg",
  ".venv",
  ".mypy_cache",
  ".pytest_cache",
  ".ruff_cache",
]);
const IDENTIFIER = /^[\p{ID_Start}_][\p{ID_Continue}]*$/u;

/** The files of the module at a path. Throws INVALID_ARGUMENT where there is none, or one that cannot be copied. */
export async function listSource(path: string): Promise<readonly SourceFile[]> {
  const found = await stat(path).catch((error: unknown) => bad(`cannot be read: ${toStatus(error).message}`));
  if (found.isFile() && !path.endsWith(".py")) bad("is a file, but no .py file");
  const name = importNameOf(path);
  if (!IDENTIFIER.test(name)) bad(`is named ${JSON.stringify(name)}, which Python cannot import`);
  if (found.isFile()) {
    if (found.size > MAX_BYTES) bad(`is larger than ${MAX_BYTES} bytes`);
    return [{ name: basename(path), path, size: found.size }];
  }
  if (!found.isDirectory()) bad("is neither a file nor a folder");
  const files = await listFolder(await realpath(path), name);
  if (!files.some((file) => file.name.endsWith(".py"))) bad("is a folder without any .py file");
  return files;
}

async function listFolder(root: string, name: string): Promise<readonly SourceFile[]> {
  const files: SourceFile[] = [];
  let bytes = 0;

  async function walk(folder: string, below: string): Promise<void> {
    for (const entry of await readdir(folder)) {
      if (SKIPPED.has(entry)) continue;
      const path = join(folder, entry);
      const real = await realpath(path);
      if (relative(root, real).split(sep)[0] === "..") bad(`has a link to outside of it: ${below}/${entry}`);
      const found = await stat(real);
      if (found.isDirectory()) {
        // A linked folder could contain itself.
        if (real !== path) bad(`has a linked folder: ${below}/${entry}`);
        await walk(path, `${below}/${entry}`);
        continue;
      }
      if (!found.isFile()) bad(`has something that is no file: ${below}/${entry}`);
      bytes += found.size;
      files.push({ name: `${below}/${entry}`, path: real, size: found.size });
      if (files.length > MAX_FILES) bad(`has more than ${MAX_FILES} files`);
      if (bytes > MAX_BYTES) bad(`is larger than ${MAX_BYTES} bytes`);
    }
  }

  try {
    await walk(root, name);
  } catch (error) {
    if (
      error instanceof Error &&
      "code" in error &&
      typeof error.code === "string" &&
      error.code.startsWith("E")
    )
      bad(`cannot be read: ${error.message}`);
    throw error;
  }
  return files.sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** Adds a file to the digest of a tree. */
export async function readForDigest(
  file: SourceFile,
  digest: ReturnType<typeof createHash>,
): Promise<Buffer> {
  const content = await readFile(file.path);
  digest.update(`${file.name.length}:${file.name}${content.length}:`).update(content);
  return content;
}

function bad(problem: string): never {
  throw badField("module.spec.path", problem);
}
