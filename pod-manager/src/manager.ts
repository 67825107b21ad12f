import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createHealth, createReflection, createServer } from "@podule/grpc";
import { descriptorSet } from "@podule/proto/descriptors";
import { ModulesDefinition } from "@podule/proto/podule/v1/modules.ts";
import { PodsDefinition } from "@podule/proto/podule/v1/pods.ts";
import { createCalls } from "./calls/calls.ts";
import type { Config } from "./config.ts";
import { createEnvironments } from "./environments/environments.ts";
import { createLocalModuleStore } from "./modules/local-module-store.ts";
import { createLocalSources } from "./modules/local-sources.ts";
import { createModules } from "./modules/modules.ts";
import { createLocalPods } from "./pods/local/local-pods.ts";
import { createPodsService } from "./pods/pods-service.ts";
import { createScaler } from "./scale/scaler.ts";

const SERVICES = ["podule.v1.Calls", ModulesDefinition.fullName, PodsDefinition.fullName];
/** For answers that are under way when the last pod has ended. */
const LAST_ANSWERS_MS = 1000;

export interface Manager {
  /** Resolves to the address once it serves. */
  start(): Promise<string>;
  /** Running calls end, or are cut after the grace; then the pods. */
  drain(graceMs: number): Promise<void>;
  /** Ends the pods at once, then the rest. */
  end(): Promise<void>;
}

export function createManager(config: Config): Manager {
  const runDir = config.runDir ?? mkdtempSync(join(tmpdir(), "podule-"));
  const { stateDir, namespace, maxMessageBytes, drainGraceMs, sessionGraceMs } = config;
  const codeCacheDir = join(config.cacheDir, "code");
  const pods = createLocalPods({ runDir, maxMessageBytes, drainGraceMs, sessionGraceMs, codeCacheDir });
  const scaler = createScaler({ pods });
  const modules = createModules({
    store: createLocalModuleStore({ stateDir, namespace }),
    sources: createLocalSources({ stateDir, namespace }),
    environments: createEnvironments({ cacheDir: config.cacheDir, uv: config.uv }),
    pods,
    scale: scaler,
    autoCreate: config.autoCreate,
  });
  const calls = createCalls({
    modules: modules.directory,
    pods,
    onLoad: scaler.onLoad,
    workersOf: scaler.workersOf,
    quotas: config.quotas,
    queueTimeoutMs: config.queueTimeoutMs,
    maxMessageBytes,
    requestGraceMs: sessionGraceMs,
  });
  const closing = new AbortController();
  const health = createHealth();
  const server = createServer({ maxMessageBytes });
  calls.serve(server);
  server.add(ModulesDefinition, modules.service);
  server.add(
    PodsDefinition,
    createPodsService({ pods, callsInFlight: calls.callsInFlight, closing: closing.signal }),
  );
  server.add(health.definition, health.implementation);
  createReflection(descriptorSet, {
    listed: (name) => SERVICES.includes(name) || name.startsWith("grpc."),
  }).addTo(server);

  async function removeRunDir(): Promise<void> {
    if (config.runDir === undefined) rmSync(runDir, { recursive: true, force: true });
  }

  return {
    async start() {
      await modules.start();
      const address = await server.listen(config.listen.text);
      for (const service of ["", ...SERVICES]) health.set(service, true);
      return address;
    },
    async drain(graceMs) {
      health.end();
      scaler.close();
      calls.drain();
      closing.abort();
      await Promise.all([server.drain(graceMs), modules.close()]);
      calls.close();
      await pods.close();
      await removeRunDir();
    },
    async end() {
      health.end();
      scaler.close();
      closing.abort();
      await pods.close();
      calls.close();
      await Promise.all([modules.close(), server.drain(LAST_ANSWERS_MS)]);
      await removeRunDir();
    },
  };
}
