import type { ChannelCredentials } from "@grpc/grpc-js";
import type { Status } from "@podule/proto/google/rpc/status.ts";
import type { EnvVar } from "@podule/proto/podule/v1/modules.ts";
import type { LogLine, Pod } from "@podule/proto/podule/v1/pods.ts";
import type { Lock } from "../environments/lock.ts";
import type { WorkerSettings } from "./worker-settings.ts";

/** What a pod must be: everything a backend needs to start one. */
export interface PodTemplate {
  /** The module's id ("numpy"). */
  readonly moduleId: string;
  /** The generation of the module's spec that this pod runs. */
  readonly generation: bigint;
  /** What Python imports. */
  readonly importName: string;
  /** The environment's interpreter, absolute. */
  readonly python: string;
  /** Folder put first on `sys.path`, absolute: a copy of the user's own code. */
  readonly sourceFolder?: string;
  /** The span that the start of this pod belongs to (W3C Trace Context). */
  readonly traceparent?: string;
  /** Worker processes. */
  readonly workers: number;
  /** How each of them is used. Default: one call at a time, by all. */
  readonly worker?: WorkerSettings;
  /** Bytes for each worker. */
  readonly workerMemoryLimit?: number;
  /** Of the module. */
  readonly moduleUid?: string;
  /** CPUs that a pod asks for. */
  readonly cpu?: number;
  /** Bytes that a pod asks for. */
  readonly memory?: number;
  /** The module's own variables. */
  readonly env?: readonly EnvVar[];
  /** Container image with an environment of its own. */
  readonly image?: string;
  /** Of an environment that the pod installs itself. */
  readonly lock?: Lock;
}

/** What a pod tells of itself. */
export interface PodLoad {
  /** Calls that it has not finished, those of sessions too. */
  readonly calls: number;
  /** Sessions that live in it, with or without a stream. */
  readonly sessions: number;
}

export interface DrainOptions {
  /** The module may soon need a pod like it again: keep what makes that quick, where the backend can. Default: false. */
  readonly keepWarm?: boolean;
}

export type PodEvent = { readonly type: "ADDED" | "MODIFIED" | "DELETED"; readonly pod: Pod };

/** Runs pods. One implementation a platform; the rest of the manager knows only this. */
export interface PodBackend {
  /** Starts a pod and returns at once; its state moves STARTING → READY | FAILED, told by `watch`. */
  createPod(template: PodTemplate): Pod;
  /** All pods, those that ended lately too. */
  listPods(): readonly Pod[];
  getPod(name: string): Pod | undefined;
  /** For connections to pods, asked anew for each. Default: without TLS. */
  readonly credentials?: () => ChannelCredentials;
  /** Calls `listener` with every change from now on. Returns the way to stop that. */
  watch(listener: (event: PodEvent) => void): () => void;
  /** What the pod told last; undefined: nothing yet. */
  loadOf(name: string): PodLoad | undefined;
  /** Calls `listener` with the module's id whenever a pod of it tells something new. Returns the way to stop that. */
  watchLoads(listener: (event: { readonly module: string }) => void): () => void;
  /** No new calls; resolves when the running ones have ended, or were cut after the grace, and the pod is gone. */
  drainPod(name: string, options?: DrainOptions): Promise<void>;
  /** The module is gone: nothing of it is kept warm. */
  forgetModule?(module: string): void;
  /** Ends the pod now; resolves when it is gone. */
  deletePod(name: string, cause?: Status): Promise<void>;
  /** Lines kept, then, with `follow`, new ones until the pod ends or `signal` aborts. */
  logs(
    name: string,
    options: { follow: boolean; tailLines: number; signal: AbortSignal },
  ): AsyncIterable<LogLine>;
  /** Ends every pod. */
  close(): Promise<void>;
}
