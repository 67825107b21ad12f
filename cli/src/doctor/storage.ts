import { access, constants, readdir } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { defaultStateDir, VARIABLES } from "@podule/pod-manager";
import { cacheDir } from "../tools/ensure-tool.ts";
import { bytesText, freeBytes, sizeOf } from "./disk.ts";
import type { Finding } from "./finding.ts";

const LITTLE = 2e9;

/** The folders that Podule writes to. */
export async function storage(env: NodeJS.ProcessEnv): Promise<Finding[]> {
  const cache = cacheDir(env);
  const state = resolve(env[VARIABLES.stateDir] || defaultStateDir(env));
  const parts = await sizesBelow(cache);
  const total = parts.reduce((sum, { bytes }) => sum + bytes, 0);
  return [
    await folder(
      "cache",
      cache,
      total,
      `${VARIABLES.cacheDir} names another; it may be deleted while nothing runs`,
    ),
    ...parts.map(({ name, bytes }): Finding => {
      return { what: `cache: ${name}`, state: "ok", found: bytesText(bytes) };
    }),
    await folder("state", state, await sizeOf(state), `${VARIABLES.stateDir} names another`),
    await space(cache),
  ];
}

async function folder(what: string, path: string, bytes: number, advice: string): Promise<Finding> {
  const problem = await whyNotWritable(path);
  if (problem === undefined) return { what, state: "ok", found: `${path} (${bytesText(bytes)})` };
  return { what, state: "fail", found: `${path}: ${problem}`, advice };
}

/** Undefined where it is, or could be made. */
async function whyNotWritable(path: string): Promise<string | undefined> {
  try {
    await access(path, constants.W_OK);
    return undefined;
  } catch (error) {
    const missing = error instanceof Error && "code" in error && error.code === "ENOENT";
    if (missing && dirname(path) !== path) return whyNotWritable(dirname(path));
    return error instanceof Error ? error.message : String(error);
  }
}

/** Environments share their files with the cache of uv: each counts where it is seen first. */
async function sizesBelow(cache: string): Promise<{ name: string; bytes: number }[]> {
  const names = await readdir(cache).catch(() => []);
  const seen = new Set<number>();
  const sizes: { name: string; bytes: number }[] = [];
  for (const name of names.toSorted()) sizes.push({ name, bytes: await sizeOf(join(cache, name), seen) });
  return sizes;
}

async function space(cache: string): Promise<Finding> {
  const what = "free disk space";
  const free = await freeBytes(cache);
  if (free === undefined) return { what, state: "note", found: "unknown" };
  if (free >= LITTLE) return { what, state: "ok", found: bytesText(free) };
  const advice = `little for Python packages; delete ${cache} while nothing runs, or name another by ${VARIABLES.cacheDir}`;
  return { what, state: "note", found: bytesText(free), advice };
}
