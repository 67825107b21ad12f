import { join } from "node:path";
import type { Environment, Environments } from "./environments.ts";
import type { Lock } from "./lock.ts";

/** Resolves here, and leaves it to each pod to find or install the environment where it runs, below `folder`. */
export function createPodEnvironments(here: Environments, folder: string): Environments {
  return {
    async lookup(request) {
      const { lock } = await here.lookup(request);
      return lock === undefined ? {} : { lock, environment: inPod(lock, folder) };
    },
    resolve: here.resolve,
    install: async (lock) => inPod(lock, folder),
    close: here.close,
  };
}

/** The bare standard library needs no environment: the image has it. */
function inPod(lock: Lock, folder: string): Environment {
  const { digest, python, text } = lock;
  const home = join(folder, "environments", digest.replace("sha256:", ""));
  return {
    digest,
    python: text === "" ? python.path : join(home, "bin", "python"),
    pythonVersion: python.version,
    lock,
  };
}
