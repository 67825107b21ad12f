import { mkdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { statusError } from "@podule/grpc";
import { Status } from "nice-grpc";
import { atomicWrite } from "./atomic-write.ts";
import { compileBytecode } from "./bytecode.ts";
import {
  type Environment,
  failOnDisk,
  installEnvironment,
  installedEnvironment,
  sweepUnfinished,
} from "./install.ts";
import { type EnvironmentRequest, formatLock, type Lock, parseLock, requestKey } from "./lock.ts";
import { isThere } from "./python.ts";
import { resolveLock } from "./resolve.ts";
import { createSharedRuns } from "./shared-runs.ts";
import { createSlots } from "./slots.ts";

export type { Environment, EnvironmentRequest, Lock };

export interface EnvironmentsOptions {
  /** `locks/`, `pythons/`, `environments/` and uv's own cache go below it. */
  readonly cacheDir: string;
  /** The `uv` binary. */
  readonly uv: string;
  /** What uv may be given of; default: the variables of this process. */
  readonly variables?: Readonly<Record<string, string | undefined>>;
}

export interface Environments {
  /** What is there already: costs no process. */
  lookup(request: EnvironmentRequest): Promise<{ lock?: Lock; environment?: Environment }>;
  /** The lock, from the cache unless `fresh`. Throws StatusError with the resolver's words. */
  resolve(request: EnvironmentRequest, options: { signal: AbortSignal; fresh?: boolean }): Promise<Lock>;
  /** The installed environment of a lock. Throws StatusError with the installer's words. */
  install(lock: Lock, options: { signal: AbortSignal }): Promise<Environment>;
  /** Ends what runs. */
  close(): Promise<void>;
}

/** uv runs in parallel inside; more at once would only fight for disk and network. */
const CONCURRENT = 3;

export function createEnvironments({ cacheDir, uv, variables }: EnvironmentsOptions): Environments {
  const locksFolder = join(cacheDir, "locks");
  const environmentsFolder = join(cacheDir, "environments");
  const options = {
    uv,
    cacheFolder: join(cacheDir, "uv"),
    pythonsFolder: join(cacheDir, "pythons"),
    ...(variables === undefined ? {} : { variables }),
  };
  const closing = new AbortController();
  const running = new Set<Promise<unknown>>();
  const slots = createSlots(CONCURRENT);
  const compiling = createSlots(1);
  const resolves = createSharedRuns<Lock>();
  const installs = createSharedRuns<Environment>();
  let swept: Promise<void> | undefined;

  async function cachedLock(request: EnvironmentRequest): Promise<Lock | undefined> {
    const file = lockFile(request);
    const text = await readFile(file, "utf8").catch(() => undefined);
    if (text === undefined) return undefined;
    const lock = parseLock(text);
    if (lock === undefined) await rm(file, { force: true });
    return lock !== undefined && (await isThere(lock.python)) ? lock : undefined;
  }

  function lockFile(request: EnvironmentRequest): string {
    return join(locksFolder, `${requestKey(request)}.json`);
  }

  function track<T>(work: Promise<T>): Promise<T> {
    running.add(work);
    const forget = () => running.delete(work);
    work.then(forget, forget);
    return work;
  }

  function compileLater({ python }: Environment): void {
    const work = compiling.hold(closing.signal, () => compileBytecode(options, python, closing.signal));
    track(work).catch(() => {});
  }

  return {
    async lookup(request) {
      const lock = await cachedLock(request);
      if (lock === undefined) return {};
      const environment = await installedEnvironment(environmentsFolder, lock);
      return environment === undefined ? { lock } : { lock, environment };
    },

    async resolve(request, { signal, fresh = false }) {
      const known = fresh ? undefined : await cachedLock(request);
      if (known !== undefined) return known;
      return resolves.share(
        `${fresh} ${requestKey(request)}`,
        AbortSignal.any([signal, closing.signal]),
        (all) =>
          track(
            slots.hold(all, async () => {
              const lock = await resolveLock(options, request, { signal: all, fresh });
              await mkdir(locksFolder, { recursive: true }).catch(failOnDisk);
              await atomicWrite(lockFile(request), formatLock(lock)).catch(failOnDisk);
              return lock;
            }),
          ),
      );
    },

    async install(lock, { signal }) {
      const known = await installedEnvironment(environmentsFolder, lock);
      if (known !== undefined) return known;
      return installs.share(lock.digest, AbortSignal.any([signal, closing.signal]), (all) =>
        track(
          slots.hold(all, async () => {
            swept ??= sweepUnfinished(environmentsFolder);
            await swept;
            const environment = await installEnvironment(options, environmentsFolder, lock, all);
            if (lock.text !== "") compileLater(environment);
            return environment;
          }),
        ),
      );
    },

    async close() {
      closing.abort(statusError(Status.UNAVAILABLE, "SHUTTING_DOWN", "The pod manager is ending"));
      await Promise.allSettled(running);
    },
  };
}
