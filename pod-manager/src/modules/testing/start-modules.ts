import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Channel, credentials } from "@grpc/grpc-js";
import { createServer } from "@podule/grpc";
import { type ModulesClient, ModulesDefinition } from "@podule/proto/podule/v1/modules.ts";
import { createClient } from "nice-grpc";
import type { Environments } from "../../environments/environments.ts";
import type { PodBackend } from "../../pods/pod-backend.ts";
import { createLocalModuleStore } from "../local-module-store.ts";
import { createLocalSources } from "../local-sources.ts";
import { createModules, type Modules } from "../modules.ts";

export interface StartedModules extends AsyncDisposable {
  readonly modules: Modules;
  readonly client: ModulesClient;
  readonly stateDir: string;
  /** Ends this manager and starts one on the same state. */
  restart(): Promise<void>;
}

/** Modules on a real store, behind the real server, for a real client. */
export async function startModules(options: {
  readonly pods: PodBackend;
  readonly environments: Environments;
  readonly autoCreate?: boolean;
  readonly now?: () => number;
}): Promise<StartedModules> {
  const stateDir = await mkdtemp(join(tmpdir(), "podule-modules-"));
  const place = { stateDir, namespace: "default" };
  const make = () =>
    createModules({
      ...options,
      store: createLocalModuleStore(place),
      sources: createLocalSources(place),
      log: () => {},
    });
  let modules = make();
  await modules.start();
  let server = createServer();
  server.add(ModulesDefinition, modules.service);
  const address = `unix:${join(stateDir, "socket")}`;
  await server.listen(address);
  const channel = new Channel(address, credentials.createInsecure(), {});
  const client: ModulesClient = createClient(ModulesDefinition, channel);
  return {
    get modules() {
      return modules;
    },
    client,
    stateDir,
    async restart() {
      await modules.close();
      await server.close();
      modules = make();
      await modules.start();
      server = createServer();
      server.add(ModulesDefinition, modules.service);
      await server.listen(address);
    },
    async [Symbol.asyncDispose]() {
      channel.close();
      await modules.close();
      await server.close();
      await rm(stateDir, { recursive: true, force: true });
    },
  };
}
