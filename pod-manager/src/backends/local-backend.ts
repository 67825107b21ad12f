import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Config } from "../config.ts";
import { createEnvironments } from "../environments/environments.ts";
import { createLocalModuleStore } from "../modules/local-module-store.ts";
import { createLocalSources } from "../modules/local-sources.ts";
import { createLocalPods } from "../pods/local/local-pods.ts";
import type { Backend } from "./backend.ts";

/** Pods are child processes, modules are files. */
export function createLocalBackend(config: Config): Backend {
  const runDir = config.runDir ?? mkdtempSync(join(tmpdir(), "podule-"));
  const { stateDir, cacheDir, namespace, maxMessageBytes, drainGraceMs, sessionGraceMs } = config;
  return {
    store: createLocalModuleStore({ stateDir, namespace }),
    sources: createLocalSources({ stateDir, namespace }),
    environments: createEnvironments({ cacheDir, uv: config.uv }),
    pods: createLocalPods({
      runDir,
      maxMessageBytes,
      drainGraceMs,
      sessionGraceMs,
      codeCacheDir: join(cacheDir, "code"),
      warmPods: config.warmPods,
      parking: { pods: config.parkedPods, bytes: config.parkedBytes },
    }),
    podsOfCalls: (pods) => pods,
    async start() {},
    async close() {
      if (config.runDir === undefined) rmSync(runDir, { recursive: true, force: true });
    },
  };
}
