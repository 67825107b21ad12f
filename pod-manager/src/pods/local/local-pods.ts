import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { type RpcStatus, type StatusError, statusError, toStatus } from "@podule/grpc";
import type { LogLine, Pod } from "@podule/proto/podule/v1/pods.ts";
import { Status } from "nice-grpc-common";
import { MAX_SOCKET_PATH_BYTES } from "../../listen-address.ts";
import { makeFolder } from "../../make-folder.ts";
import type { PodBackend, PodEvent, PodTemplate } from "../pod-backend.ts";
import { LocalPod } from "./local-pod.ts";
import { warmEnvironment } from "./pod-environment.ts";
import { podSuffix } from "./pod-name.ts";
import { PodProcess } from "./pod-process.ts";
import type { ParkingLimits } from "./warm-policy.ts";
import { WarmProcesses } from "./warm-processes.ts";

const KEPT_ENDED = 32;
/** Below the run folder: "/x7k2p/t/pod-XXXXXX/link", the module server's own socket. */
const SOCKET_ROOM_BYTES = 26;

export interface LocalPodsOptions {
  /** Private folder for sockets and what pods write to their temporary folder. Made where it is missing. */
  readonly runDir: string;
  /** Largest request or result of a pod. */
  readonly maxMessageBytes?: number;
  /** For running calls of a pod that is drained. Default 30 s. */
  readonly drainGraceMs?: number;
  /** For a client's session without a stream. Default 30 s. */
  readonly sessionGraceMs?: number;
  /** For the import, as the pod keeps it. Default 60 s. */
  readonly importTimeoutMs?: number;
  /** For a pod's start, its import included. Default: the time for the import and 30 s. */
  readonly startTimeoutMs?: number;
  /** Where Node keeps the module server's compiled code: with it a pod starts in less than half of the time. */
  readonly codeCacheDir?: string;
  /** Processes that wait for any module, at most. Default: none. */
  readonly warmPods?: number;
  /** Pods that are kept, without workers, when they have no more to do: their number and bytes, at most. Default: none. */
  readonly parking?: ParkingLimits;
  /** Of pods that ended. Default 32. */
  readonly keptEnded?: number;
  /** What `node` runs as a pod. Default: this installation's module server. */
  readonly main?: string;
}

/** Pods as child processes of this one. Throws StatusError where the run folder cannot be used. */
export function createLocalPods(options: LocalPodsOptions): PodBackend {
  const importTimeoutMs = options.importTimeoutMs ?? 60_000;
  const main = options.main ?? createRequire(import.meta.url).resolve("@podule/module-server/main");
  const pods = new Map<string, LocalPod>();
  const listeners = new Set<(event: PodEvent) => void>();
  const loadListeners = new Set<(event: { readonly module: string }) => void>();
  const ended: string[] = [];
  let closed = false;
  prepareRunDir(options.runDir);

  const tell = (type: PodEvent["type"], pod: Pod): void => {
    for (const listener of [...listeners]) listener({ type, pod });
  };
  const newFolder = (): string => folderOf(podSuffix((taken) => existsSync(folderOf(taken))));
  const parking = options.parking ?? { pods: 0, bytes: 0 };
  const warm = new WarmProcesses({
    warm: options.warmPods ?? 0,
    parking,
    start() {
      try {
        return new PodProcess(newFolder(), main, (files) =>
          warmEnvironment(process.env, files, options.codeCacheDir),
        );
      } catch {
        return undefined;
      }
    },
  });
  // Someone will come.
  warm.expect();
  const onChange = (pod: LocalPod): void => {
    const view = pod.view();
    tell("MODIFIED", view);
    if (!pod.isEnded) return;
    ended.push(view.name);
    while (ended.length > (options.keptEnded ?? KEPT_ENDED)) forget(ended.shift() ?? "");
  };
  const forget = (name: string): void => {
    const pod = pods.get(name);
    pods.delete(name);
    if (pod !== undefined) tell("DELETED", pod.view());
  };
  const known = (name: string): LocalPod => {
    const pod = pods.get(name);
    if (pod === undefined) throw podNotFound(name);
    return pod;
  };
  const folderOf = (suffix: string): string => join(options.runDir, suffix);

  return {
    createPod(template: PodTemplate): Pod {
      if (closed)
        throw statusError(Status.UNAVAILABLE, "SHUTTING_DOWN", "The pod manager is ending: no new pods");
      const { moduleId } = template;
      const suffix = podSuffix(
        (taken) => pods.has(`pods/${moduleId}-${taken}`) || existsSync(folderOf(taken)),
      );
      const name = `pods/${moduleId}-${suffix}`;
      const key = likeness(template);
      // What is parked of the module is of another spec now.
      warm.forget(moduleId, key);
      const pod = new LocalPod({
        name,
        folder: folderOf(suffix),
        process: warm.claim(key),
        main,
        template,
        maxMessageBytes: options.maxMessageBytes ?? 67_108_864,
        drainGraceMs: options.drainGraceMs ?? 30_000,
        sessionGraceMs: options.sessionGraceMs ?? 30_000,
        importTimeoutMs,
        codeCacheDir: options.codeCacheDir,
        startTimeoutMs: options.startTimeoutMs ?? importTimeoutMs + 30_000,
        onChange,
        onLoad: () => {
          for (const listener of [...loadListeners]) listener({ module: moduleId });
        },
        onParked: (used, bytes) => warm.park(used, { key, module: moduleId, bytes }),
      });
      pods.set(name, pod);
      tell("ADDED", pod.view());
      return pod.view();
    },
    listPods: () => [...pods.values()].map((pod) => pod.view()),
    getPod: (name) => pods.get(name)?.view(),
    watch(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    loadOf: (name) => pods.get(name)?.load,
    watchLoads(listener) {
      loadListeners.add(listener);
      return () => loadListeners.delete(listener);
    },
    drainPod: async (name, { keepWarm = false } = {}) => known(name).drain(keepWarm && parking.pods > 0),
    forgetModule: (module) => warm.forget(module),
    deletePod: async (name: string, cause?: RpcStatus) => known(name).delete(cause),
    logs(name, request): AsyncIterable<LogLine> {
      return known(name).log.lines(request);
    },
    async close() {
      closed = true;
      await Promise.all([...[...pods.values()].map((pod) => pod.close()), warm.close()]);
    },
  };
}

/** Of one pod alone. */
const OWN_FIELDS: readonly string[] = ["generation", "traceparent"];

/** What pods have in common whose processes can stand for each other. */
function likeness(template: PodTemplate): string {
  const fields = Object.entries(template).filter(([name]) => !OWN_FIELDS.includes(name));
  return JSON.stringify(fields.sort(([a], [b]) => (a < b ? -1 : 1)));
}

function podNotFound(name: string): StatusError {
  const shown = JSON.stringify(name.slice(0, 100));
  return statusError(Status.NOT_FOUND, "POD_NOT_FOUND", `There is no pod ${shown}`, {
    metadata: { pod: name },
  });
}

/** Here rather than at the first pod: nothing could be started in a folder like that. */
function prepareRunDir(runDir: string): void {
  const room = MAX_SOCKET_PATH_BYTES - SOCKET_ROOM_BYTES;
  if (Buffer.byteLength(runDir) > room) {
    throw statusError(
      Status.FAILED_PRECONDITION,
      "RUN_FOLDER_UNUSABLE",
      `The run folder ${runDir} has ${Buffer.byteLength(runDir)} bytes in its path; for the sockets in it to be ` +
        `within the system's ${MAX_SOCKET_PATH_BYTES} it may have ${room}: choose a shorter one`,
    );
  }
  try {
    makeFolder(runDir);
  } catch (error) {
    throw statusError(
      Status.FAILED_PRECONDITION,
      "RUN_FOLDER_UNUSABLE",
      `The run folder ${runDir} cannot be made: ${toStatus(error).message}`,
    );
  }
}
