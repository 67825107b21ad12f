import { type Pod, Pod_State } from "@podule/proto/podule/v1/pods.ts";

/** What is, of one module. */
export interface Situation {
  readonly deleting: boolean;
  readonly generation: bigint;
  /** Its pods, of all generations; those that should stay longest first. */
  readonly pods: readonly Pod[];
  readonly wanted: number;
  /** A failure of this generation that nothing is tried against now. */
  readonly failed: boolean;
  /** The environment (and the code) of this generation is in place. */
  readonly prepared: boolean;
}

export interface Step {
  /** Pods that should go. */
  readonly drain: readonly string[];
  /** How many pods to make. */
  readonly create: number;
  /** The environment must be put in place first. */
  readonly prepare: boolean;
  /** Nothing is left of a module that is being deleted. */
  readonly remove: boolean;
  readonly phase: "preparing" | "starting" | "ready" | "idle" | "draining" | "failed";
}

/**
 * What to do next. The pods of older generations that are ready go on answering until one of this generation is ready, also
 * when this generation fails: an update that does not work takes nothing away.
 */
export function nextStep(situation: Situation): Step {
  const { generation, pods, wanted } = situation;
  const active = pods.filter(({ state }) => state === Pod_State.STARTING || state === Pod_State.READY);
  const nothing = { drain: [], create: 0, prepare: false, remove: false };
  if (situation.deleting) {
    const left = active.length + pods.filter(({ state }) => state === Pod_State.DRAINING).length;
    return { ...nothing, drain: names(active), remove: left === 0, phase: "draining" };
  }
  const current = active.filter((pod) => pod.generation === generation);
  const older = active.filter((pod) => pod.generation !== generation);
  const ready = current.filter(({ state }) => state === Pod_State.READY);
  const kept = [...ready, ...current.filter((pod) => !ready.includes(pod))].slice(0, wanted);
  const surplus = current.filter((pod) => !kept.includes(pod));
  const replaced = ready.length >= wanted ? older : older.filter(({ state }) => state === Pod_State.STARTING);
  const drain = names([...replaced, ...surplus]);
  if (wanted === 0) return { ...nothing, drain, phase: "idle" };
  if (ready.length >= wanted) return { ...nothing, drain, phase: "ready" };
  const phase = (otherwise: Step["phase"]) => (ready.length > 0 ? "ready" : otherwise);
  const missing = wanted - kept.length;
  if (missing === 0) return { ...nothing, drain, phase: phase("starting") };
  if (situation.failed) return { ...nothing, drain, phase: phase("failed") };
  if (situation.prepared) return { ...nothing, drain, create: missing, phase: phase("starting") };
  return { ...nothing, drain, prepare: true, phase: phase("preparing") };
}

function names(pods: readonly Pod[]): readonly string[] {
  return pods.map(({ name }) => name);
}
