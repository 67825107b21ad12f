import type { Environments } from "../../environments/environments.ts";
import { makeLock } from "../../environments/lock.ts";

/** Environments without uv, for tests that must decide what fails and when. */
export function createFakeEnvironments(options: { readonly outcome?: () => Promise<void> } = {}) {
  const { outcome = async () => {} } = options;
  const python = {
    path: "/usr/bin/python3",
    version: "3.12.1",
    implementation: "cpython",
    platform: "linux",
    abi: "abi3",
    stdlib: [],
    file: "1",
  };
  const resolved: { readonly dependencies: readonly string[]; readonly fresh: boolean }[] = [];
  const environments: Environments = {
    async lookup() {
      return {};
    },
    async resolve({ dependencies }, { signal, fresh = false }) {
      resolved.push({ dependencies, fresh });
      await outcome();
      signal.throwIfAborted();
      return makeLock(python, dependencies.join("\n"));
    },
    async install(lock, { signal }) {
      await outcome();
      signal.throwIfAborted();
      return { digest: lock.digest, python: "/environment/bin/python", pythonVersion: lock.python.version };
    },
    async close() {},
  };
  return { environments, resolved };
}
