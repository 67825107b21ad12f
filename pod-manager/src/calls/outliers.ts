export interface OutlierSettings {
  /** Infrastructure errors in a row that eject a pod. */
  readonly consecutiveErrors: number;
  /** How often latencies are compared; older ones count less each time. */
  readonly intervalMs: number;
  /** Weight of latest calls that a pod must have to be judged. */
  readonly minCalls: number;
  /** So many times the mean of the others, and surely more than they: an outlier. */
  readonly latencyFactor: number;
  /** Standard errors that the difference must have. */
  readonly certainty: number;
  /** No difference below this counts. */
  readonly slackMs: number;
  /** Times the ejections in a row: how long one lasts. */
  readonly ejectMs: number;
  readonly longestMs: number;
  /** At most this share of the pods is ejected at once. */
  readonly maxShare: number;
  /** Good calls, one at a time, that readmit a pod. */
  readonly probes: number;
}

export const OUTLIERS: OutlierSettings = {
  consecutiveErrors: 5,
  intervalMs: 3000,
  minCalls: 5,
  latencyFactor: 3,
  certainty: 3,
  slackMs: 20,
  ejectMs: 30_000,
  longestMs: 300_000,
  maxShare: 0.5,
  probes: 3,
};

/** Of what an interval before weighed. */
const KEPT = 0.75;

/** Weight, sum and sum of squares of latencies. */
interface Sample {
  n: number;
  sum: number;
  squares: number;
}

interface Health extends Sample {
  errors: number;
  /** In a row; one less for each healthy time of that length. */
  ejections: number;
  /** Until then it is given nothing; after that, probes. Undefined: like any other. */
  ejectedUntil: number | undefined;
  probesLeft: number;
  quietSince: number;
}

/** "probing": one call at a time. */
export type Standing = "good" | "probing" | "ejected";

/**
 * Finds the pods of one module that do worse than its others, in the manner of Envoy's outlier detection: by infrastructure errors in a
 * row, and by latency against the rest. They are given nothing for a while, longer each time, then a few calls one by one. Only half
 * of the pods is ever ejected. All time comes from the caller.
 */
export class Outliers {
  readonly #settings: OutlierSettings;
  readonly #pods = new Map<string, Health>();
  #comparedAt = Number.NEGATIVE_INFINITY;

  constructor(settings: OutlierSettings = OUTLIERS) {
    this.#settings = settings;
  }

  add(pod: string, now: number): void {
    if (this.#pods.has(pod)) return;
    const health = { n: 0, sum: 0, squares: 0, errors: 0, ejections: 0, probesLeft: 0 };
    this.#pods.set(pod, { ...health, ejectedUntil: undefined, quietSince: now });
  }

  remove(pod: string): void {
    this.#pods.delete(pod);
  }

  standing(pod: string, now: number): Standing {
    const until = this.#pods.get(pod)?.ejectedUntil;
    if (until === undefined) return "good";
    return now < until ? "ejected" : "probing";
  }

  /** A call has ended. `latencyMs`: undefined where it says nothing, as of a stream. */
  ended(pod: string, now: number, latencyMs: number | undefined, isInfrastructureError: boolean): void {
    const health = this.#pods.get(pod);
    const standing = this.standing(pod, now);
    if (health === undefined || standing === "ejected") return;
    health.errors = isInfrastructureError ? health.errors + 1 : 0;
    if (standing === "probing") {
      this.#probed(health, now, latencyMs, isInfrastructureError);
      return;
    }
    if (latencyMs !== undefined && !isInfrastructureError) {
      health.n += 1;
      health.sum += latencyMs;
      health.squares += latencyMs * latencyMs;
    }
    if (health.errors >= this.#settings.consecutiveErrors && this.#mayEject()) this.#eject(health, now);
    if (now - this.#comparedAt >= this.#settings.intervalMs) this.#compare(now);
  }

  #probed(health: Health, now: number, latencyMs: number | undefined, failed: boolean): void {
    const { latencyFactor, slackMs } = this.#settings;
    const rest = this.#rest(health);
    const isSlow =
      latencyMs !== undefined &&
      rest.n > 0 &&
      latencyMs > Math.max(latencyFactor * (rest.sum / rest.n), rest.sum / rest.n + slackMs);
    if (failed || isSlow) this.#eject(health, now);
    else if (--health.probesLeft <= 0) {
      health.ejectedUntil = undefined;
      health.quietSince = now;
    }
  }

  #compare(now: number): void {
    this.#comparedAt = now;
    const worstFirst = [...this.#pods.values()]
      .filter((health) => health.ejectedUntil === undefined)
      .sort((a, b) => b.sum / b.n - a.sum / a.n);
    for (const health of worstFirst) if (this.#isSlow(health) && this.#mayEject()) this.#eject(health, now);
    for (const health of this.#pods.values()) {
      health.n *= KEPT;
      health.sum *= KEPT;
      health.squares *= KEPT;
      if (health.ejections === 0 || health.ejectedUntil !== undefined) continue;
      if (now - health.quietSince < this.#settings.ejectMs) continue;
      health.ejections -= 1;
      health.quietSince = now;
    }
  }

  #isSlow(health: Health): boolean {
    const { minCalls, latencyFactor, certainty, slackMs } = this.#settings;
    const rest = this.#rest(health);
    if (health.n < minCalls || rest.n < minCalls) return false;
    const [mean, others] = [health.sum / health.n, rest.sum / rest.n];
    const error = Math.sqrt(variance(health) / health.n + variance(rest) / rest.n);
    return mean > latencyFactor * others && mean - others > Math.max(slackMs, certainty * error);
  }

  /** All others that are not ejected, together. */
  #rest(health: Health): Sample {
    const rest = { n: 0, sum: 0, squares: 0 };
    for (const other of this.#pods.values()) {
      if (other === health || other.ejectedUntil !== undefined) continue;
      rest.n += other.n;
      rest.sum += other.sum;
      rest.squares += other.squares;
    }
    return rest;
  }

  #mayEject(): boolean {
    let ejected = 0;
    for (const { ejectedUntil } of this.#pods.values()) if (ejectedUntil !== undefined) ejected += 1;
    return ejected < Math.floor(this.#pods.size * this.#settings.maxShare);
  }

  #eject(health: Health, now: number): void {
    const { ejectMs, longestMs, probes } = this.#settings;
    health.ejections += 1;
    health.ejectedUntil = now + Math.min(longestMs, ejectMs * health.ejections);
    health.probesLeft = probes;
    health.errors = 0;
    health.n = 0;
    health.sum = 0;
    health.squares = 0;
  }
}

function variance({ n, sum, squares }: Sample): number {
  return Math.max(0, squares / n - (sum / n) ** 2);
}
