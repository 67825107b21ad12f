import type { ChannelCredentials } from "@grpc/grpc-js";
import type { Config } from "../config.ts";
import type { Environments } from "../environments/environments.ts";
import type { Leadership } from "../kubernetes/lease-election.ts";
import type { ModuleStore, SharedModuleStore } from "../modules/module-store.ts";
import type { Sources } from "../modules/sources.ts";
import type { PodBackend } from "../pods/pod-backend.ts";
import { createKubernetesBackend } from "./kubernetes-backend.ts";
import { createLocalBackend } from "./local-backend.ts";

/** Where modules last, where pods run, and who decides: what differs between one machine and a cluster. */
export interface Backend {
  readonly store: ModuleStore | SharedModuleStore;
  readonly sources: Sources;
  readonly environments: Environments;
  readonly pods: PodBackend;
  /** As calls see the pods: where they outlive this manager, its end drains none. */
  readonly podsOfCalls: (pods: PodBackend) => PodBackend;
  /** Where there are replicas. */
  readonly replicas?: Replicas;
  /** Before the modules start: what runs is known. */
  start(): Promise<void>;
  /** The last: nothing uses it any more. */
  close(): Promise<void>;
}

export interface Replicas {
  readonly leadership: Leadership;
  /** For connections to other replicas. */
  readonly credentials?: () => ChannelCredentials;
  /** It serves there: from now on it may lead. */
  join(address: string): void;
  /** Another one may lead at once. */
  leave(): Promise<void>;
}

export async function createBackend(config: Config): Promise<Backend> {
  return config.kubernetes === undefined
    ? createLocalBackend(config)
    : createKubernetesBackend(config, config.kubernetes);
}
