import { badField } from "./module-id.ts";
import type { Sources } from "./sources.ts";

/** Where the manager has no users' code: it comes with an image, or as a dependency. */
export function createNoSources(): Sources {
  async function refuse(): Promise<never> {
    throw badField("module.spec.path", "has no meaning on Kubernetes");
  }
  return {
    check: refuse,
    copy: refuse,
    digestOf: async () => undefined,
    folderOf: async () => undefined,
    prune: async () => {},
    retain: async () => {},
  };
}
