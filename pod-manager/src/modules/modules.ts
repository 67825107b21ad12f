import { statusError } from "@podule/grpc";
import type { ModulesDefinition } from "@podule/proto/podule/v1/modules.ts";
import { type ServiceImplementation, Status } from "nice-grpc";
import type { Environments } from "../environments/environments.ts";
import type { PodBackend } from "../pods/pod-backend.ts";
import type { ModuleDirectory } from "./module-directory.ts";
import type { ModuleStore } from "./module-store.ts";
import type { Sources } from "./sources.ts";

export interface ModulesOptions {
  /** `createLocalModuleStore({ stateDir, namespace })`. */
  readonly store: ModuleStore;
  /** `createLocalSources({ stateDir, namespace })`: copies of users' code. */
  readonly sources: Sources;
  /** `createEnvironments({ cacheDir, uv })`. */
  readonly environments: Environments;
  readonly pods: PodBackend;
  /** Whether a call to a module that does not exist makes it. Default true. */
  readonly autoCreate?: boolean;
  /** Hears what an operator should know. Default: stderr. */
  readonly log?: (message: string) => void;
}

export interface Modules {
  readonly directory: ModuleDirectory;
  readonly service: ServiceImplementation<ModulesDefinition>;
  /** Takes hold of the store, brings back what is in it, begins to reconcile. */
  start(): Promise<void>;
  /** Ends reconciling and every `uv` process; pods are the backend's to end. */
  close(): Promise<void>;
}

export function createModules(options: ModulesOptions): Modules {
  throw statusError(Status.UNIMPLEMENTED, "NOT_YET", `No modules in ${options.autoCreate}`);
}
