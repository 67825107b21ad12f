import type { RpcStatus } from "@podule/grpc";
import type { PodLink } from "./pod-link.ts";
import type { Load } from "./route.ts";
import type { QueueItem } from "./waiting-queue.ts";

/** A call on its way to a pod. Exactly one of `start` and `fail` is called, once for each `submit`. */
export interface Outgoing extends QueueItem {
  readonly load: Load;
  /** Calls with the same one go to the same pod. */
  readonly affinity?: string;
  /** Milliseconds since 1970; Infinity for none. */
  readonly deadline: number;
  /** Set where it is counted by a quota; to be called when it has ended. */
  leave: (() => void) | undefined;
  /** Hands the call to the pod. */
  start(link: PodLink): void;
  fail(status: RpcStatus): void;
}
