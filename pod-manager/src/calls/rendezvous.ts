import { createHash } from "node:crypto";

/**
 * The pod that a key belongs to, the same for all who know the same pods: the one with the highest hash of key and name. Where a pod
 * comes or goes, only the keys that belong to it move.
 */
export function rendezvous<C extends { readonly name: string }>(
  candidates: readonly C[],
  key: string,
): C | undefined {
  let best: C | undefined;
  let highest = "";
  for (const one of candidates) {
    const weight = createHash("sha256").update(`${key}\0${one.name}`).digest("hex");
    if (best === undefined || weight > highest) {
      best = one;
      highest = weight;
    }
  }
  return best;
}
