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
  return [
    await folder("cache", cache, `${VARIABLES.cacheDir} names another; it may be deleted while nothing runs`),
    ...(await cacheParts(cache)),
    await folder("state", state, `${VARIABLES.stateDir} names another`),
    await space(cache),
  ];
}

async function folder(what: string, path: string, advice: string): Promise<Finding> {
  const writable = await canWrite(path);
  if (writable === undefined)
    return { what, state: "ok", found: `${path} (${bytesText(await sizeOf(path))})` };
  return { what, state: "fail", found: `${path}: ${writable}`, advice };
}

/** Undefined where it is, or could be made. */
async function canWrite(path: string): Promise<string | undefined> {
  try {
    await access(path, constants.W_OK);
    return undefined;
  } catch (error) {
    const missing = error instanceof Error && "code" in error && error.code === "ENOENT";
    if (missing && dirname(path) !== path) return canWrite(dirname(path));
    return error instanceof Error ? error.message : String(error);
  }
}

async function cacheParts(cache: string): Promise<Finding[]> {
  const names = await readdir(cache).catch(() => []);
  // Environments share their files with the cache of uv: each counts where it is seen first.
  const seen = new Set<number>();
  const findings: Finding[] = [];
  for (const name of names.toSorted()) {
    const found = bytesText(await sizeOf(join(cache, name), seen));
    findings.push({ what: `  ${name}`, state: "ok", found });
  }
  return findings;
}

async function space(cache: string): Promise<Finding> {
  const what = "free disk space";
  const free = await freeBytes(cache);
  if (free === undefined) return { what, state: "note", found: "unknown" };
  if (free >= LITTLE) return { what, state: "ok", found: bytesText(free) };
  const advice = `little for Python packages; delete ${cache} while nothing runs, or name another by ${VARIABLES.cacheDir}`;
  return { what, state: "note", found: bytesText(free), advice };
}
