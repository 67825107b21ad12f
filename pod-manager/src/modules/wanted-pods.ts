import type { Module } from "@podule/proto/podule/v1/modules.ts";
import type { Pod } from "@podule/proto/podule/v1/pods.ts";

export interface WantedPods {
  readonly wanted: number;
  /** Why, for people. */
  readonly reason: string;
  /** When that was decided, milliseconds since 1970. */
  readonly at: number;
}

/** Says how many pods a module should have, and which of them should go last. */
export interface PodScale {
  wantedPods(module: Module): WantedPods;
  /** Those that should stay longest come first. */
  order(pods: readonly Pod[]): readonly Pod[];
  /** The module is gone. */
  forget(id: string): void;
  /** Calls `listener` with the id of a module that wants another number of pods. */
  watch(listener: (id: string) => void): () => void;
}

/** One pod for each module, whatever happens. */
export const onePod: PodScale = {
  wantedPods: () => ({ wanted: 1, reason: "", at: 0 }),
  order: (pods) => pods,
  forget() {},
  watch: () => () => {},
};
