import { randomBytes } from "node:crypto";
import { mkdir, readdir, rename, rm, stat, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { statusError, toStatus } from "@podule/grpc";
import { Status } from "nice-grpc";
import { hasAllHashes, type Lock } from "./lock.ts";
import { runUv, type UvOptions } from "./uv.ts";
import { uvFailure } from "./uv-failure.ts";

const TIMEOUT_MS = 30 * 60_000;
const TEMPORARY = /^\.new-(\d+)-[0-9a-f]+(\.broken)?$/;
/** Longer than an install may take: a process of another container is not seen to be alive. */
const ABANDONED_MS = 2 * 60 * 60_000;

export interface Environment {
  readonly digest: string;
  /** The interpreter, absolute. */
  readonly python: string;
  /** "3.12.1". */
  readonly pythonVersion: string;
  /** Of an environment that each pod finds, or installs, where it runs. */
  readonly lock?: Lock;
}

/** The environment of a lock where it is installed. */
export async function installedEnvironment(folder: string, lock: Lock): Promise<Environment | undefined> {
  const environment = join(folder, hex(lock));
  const python = join(environment, "bin", "python");
  // Follows the link: an environment whose interpreter was removed is none.
  const found = await stat(python).catch(() => undefined);
  if (found === undefined) return undefined;
  await touch(join(environment, "last-used"));
  return { digest: lock.digest, python, pythonVersion: lock.python.version };
}

/**
 * Builds in a temporary folder and renames: an environment is whole or not there. Of two that build the same one the second
 * throws its own away.
 */
export async function installEnvironment(
  options: UvOptions,
  folder: string,
  lock: Lock,
  signal: AbortSignal,
): Promise<Environment> {
  await mkdir(folder, { recursive: true }).catch(failOnDisk);
  const temporary = join(folder, `.new-${process.pid}-${randomBytes(6).toString("hex")}`);
  try {
    await build(options, temporary, lock, signal);
    await moveInto(folder, temporary, hex(lock)).catch(failOnDisk);
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
  const environment = await installedEnvironment(folder, lock);
  if (environment === undefined)
    throw statusError(Status.INTERNAL, "UV_FAILED", `The new environment ${lock.digest} has no interpreter`);
  return environment;
}

async function build(options: UvOptions, target: string, lock: Lock, signal: AbortSignal): Promise<void> {
  const run = async (args: readonly string[]) => {
    const result = await runUv(options, [options.uv, ...args], { signal, timeoutMs: TIMEOUT_MS });
    if (result.code !== 0) throw uvFailure(result, { environment: lock.digest });
  };
  await run(["venv", "--quiet", "--relocatable", "--no-project", "--python", lock.python.path, target]);
  const requirements = join(target, "requirements.txt");
  await writeFile(requirements, lock.text).catch(failOnDisk);
  await touch(join(target, "last-used")).catch(failOnDisk);
  if (lock.text === "") return;
  const hashes = hasAllHashes(lock.text) ? "--require-hashes" : "--verify-hashes";
  const python = join(target, "bin", "python");
  await run([
    "pip",
    "install",
    "--quiet",
    "--no-deps",
    hashes,
    "--python",
    python,
    "--requirements",
    requirements,
  ]);
}

async function moveInto(folder: string, temporary: string, name: string): Promise<void> {
  const target = join(folder, name);
  if (await tryRename(temporary, target)) return;
  if ((await stat(join(target, "bin", "python")).catch(() => undefined)) !== undefined) return;
  // What stands there has lost its interpreter: nothing can be started from it any more.
  await rename(target, `${temporary}.broken`).catch(() => {});
  await rm(`${temporary}.broken`, { recursive: true, force: true });
  await tryRename(temporary, target);
}

async function tryRename(from: string, to: string): Promise<boolean> {
  try {
    await rename(from, to);
    return true;
  } catch (error) {
    if (error instanceof Error && "code" in error && (error.code === "ENOTEMPTY" || error.code === "EEXIST"))
      return false;
    throw error;
  }
}

/** Removes what killed managers left half built, some hours later. */
export async function sweepUnfinished(folder: string): Promise<void> {
  for (const entry of await readdir(folder).catch(() => [])) {
    const pid = TEMPORARY.exec(entry)?.[1];
    if (pid === undefined || isAlive(Number(pid))) continue;
    const path = join(folder, entry);
    const changed = (await stat(path).catch(() => undefined))?.mtimeMs ?? Date.now();
    if (Date.now() - changed > ABANDONED_MS) await rm(path, { recursive: true, force: true }).catch(() => {});
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}

async function touch(path: string): Promise<void> {
  const now = new Date();
  await utimes(path, now, now).catch(() => writeFile(path, "").catch(() => {}));
}

function hex(lock: Lock): string {
  return lock.digest.replace("sha256:", "");
}

export function failOnDisk(error: unknown): never {
  const { message } = toStatus(error);
  const full = /ENOSPC|EDQUOT/.test(message);
  throw full
    ? statusError(Status.RESOURCE_EXHAUSTED, "ENVIRONMENT_DISK_FULL", message)
    : statusError(Status.UNAVAILABLE, "ENVIRONMENT_DISK_FAILED", message);
}
