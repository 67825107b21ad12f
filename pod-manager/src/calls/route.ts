import { rendezvous } from "./rendezvous.ts";

/** What routing needs to know of a pod. */
export interface Candidate {
  readonly name: string;
  /** Ready, connected, not draining. */
  readonly usable: boolean;
  /** Of the module's spec. */
  readonly generation: bigint;
  readonly inFlight: number;
  readonly maxInFlight: number;
  /** Of clients, each on a stream of its own. */
  readonly sessions: number;
  /** It does worse than the others: given something only where no other can be. */
  readonly isSpared: boolean;
}

/** What is to be given to a pod. */
export type Load = "call" | "session";

/**
 * The pod for the next call: of the newest generation that has a usable pod, the one with the fewest calls in flight that
 * takes one more; for the next session, the one with the fewest sessions. Equals take turns by `turn`. One that is spared is taken only where all
 * are. Undefined: it must wait.
 */
export function route<C extends Candidate>(
  candidates: readonly C[],
  turn: number,
  load: Load,
  affinity?: string,
): C | undefined {
  if (affinity !== undefined) return ofAffinity(candidates, affinity);
  const first = candidates[0];
  if (candidates.length === 1 && first !== undefined) {
    return first.usable && hasRoom(first, load) ? first : undefined;
  }
  const newest = newestOf(candidates);
  const isSparing = candidates.some((one) => one.usable && one.generation === newest && !one.isSpared);
  let best: C | undefined;
  for (let n = 0; n < candidates.length; n++) {
    const one = candidates[(n + turn) % candidates.length];
    if (one === undefined || !one.usable || one.generation !== newest) continue;
    if (isSparing && one.isSpared) continue;
    if (hasRoom(one, load) && (best === undefined || loadOf(one, load) < loadOf(best, load))) best = one;
  }
  return best;
}

/** Room does not count: another pod would not do. */
function ofAffinity<C extends Candidate>(candidates: readonly C[], affinity: string): C | undefined {
  const newest = newestOf(candidates);
  return rendezvous(
    candidates.filter((one) => one.usable && one.generation === newest),
    affinity,
  );
}

function newestOf(candidates: readonly Candidate[]): bigint | undefined {
  let newest: bigint | undefined;
  for (const one of candidates) {
    if (one.usable && (newest === undefined || one.generation > newest)) newest = one.generation;
  }
  return newest;
}

/** How many sessions it takes the pod itself says, by a typed error. */
function hasRoom(one: Candidate, load: Load): boolean {
  return load === "session" || one.inFlight < one.maxInFlight;
}

function loadOf(one: Candidate, load: Load): number {
  return load === "session" ? one.sessions : one.inFlight;
}
