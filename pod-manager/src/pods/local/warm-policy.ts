/** Pods are kept warm for as long as one was wanted in this time. */
export const IDLE_MS = 600_000;
/** Claims within this time come together: as many pods should have been warm. */
const BURST_MS = 10_000;

/** How many processes should wait for a module: as many as were wanted together lately. `claims`: when one was wanted, oldest first. */
export function warmTarget(max: number, claims: readonly number[], now: number): number {
  let most = 0;
  let first = 0;
  for (const [at, claim] of claims.entries()) {
    while ((claims[first] ?? claim) < claim - BURST_MS) first++;
    if (claim >= now - IDLE_MS) most = Math.max(most, at - first + 1);
  }
  return Math.min(max, most);
}

/** Those that may still count. */
export function recentClaims(claims: readonly number[], now: number): number[] {
  return claims.filter((claim) => claim >= now - IDLE_MS - BURST_MS);
}

export interface Parked {
  readonly bytes: number;
  /** When it was parked. */
  readonly since: number;
}

export interface ParkingLimits {
  readonly pods: number;
  readonly bytes: number;
}

/** Which parked pods have to go, oldest first: those parked for too long, and those beyond the limits. */
export function toEvict<P extends Parked>(
  parked: readonly P[],
  limits: ParkingLimits,
  longestMs: number,
  now: number,
): P[] {
  const oldest = [...parked].sort((a, b) => a.since - b.since);
  const kept: P[] = [];
  let bytes = 0;
  for (const pod of oldest.toReversed()) {
    bytes += pod.bytes;
    if (kept.length >= limits.pods || bytes > limits.bytes || now - pod.since >= longestMs) break;
    kept.push(pod);
  }
  return oldest.filter((pod) => !kept.includes(pod));
}
