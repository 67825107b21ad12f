/** What routing needs to know of a pod. */
export interface Candidate {
  /** Ready, connected, not draining. */
  readonly usable: boolean;
  /** Of the module's spec. */
  readonly generation: bigint;
  readonly inFlight: number;
  readonly maxInFlight: number;
}

/**
 * The pod for the next call: of the newest generation that has a usable pod, the one with the fewest calls in flight that
 * takes one more. Equals take turns by `turn`. Undefined: the call must wait.
 */
export function route<C extends Candidate>(candidates: readonly C[], turn: number): C | undefined {
  const first = candidates[0];
  if (candidates.length === 1 && first !== undefined) {
    return first.usable && first.inFlight < first.maxInFlight ? first : undefined;
  }
  let newest: bigint | undefined;
  for (const one of candidates) {
    if (one.usable && (newest === undefined || one.generation > newest)) newest = one.generation;
  }
  let best: C | undefined;
  for (let n = 0; n < candidates.length; n++) {
    const one = candidates[(n + turn) % candidates.length];
    if (one === undefined || !one.usable || one.generation !== newest) continue;
    if (one.inFlight < one.maxInFlight && (best === undefined || one.inFlight < best.inFlight)) best = one;
  }
  return best;
}
