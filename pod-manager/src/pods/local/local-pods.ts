import { statusError } from "@podule/grpc";
import { Status } from "nice-grpc-common";
import type { PodBackend } from "../pod-backend.ts";

export interface LocalPodsOptions {
  /** Private folder for sockets and what pods write to their temporary folder. Made where it is missing. */
  readonly runDir: string;
  /** Largest request or result of a pod. */
  readonly maxMessageBytes?: number;
  /** For running calls of a pod that is drained. Default 30 s. */
  readonly drainGraceMs?: number;
  /** For a pod's start, its import included. Default 90 s. */
  readonly startTimeoutMs?: number;
}

/** Pods as child processes of this one. */
export function createLocalPods(options: LocalPodsOptions): PodBackend {
  throw statusError(Status.UNIMPLEMENTED, "NOT_YET", options.runDir);
}
