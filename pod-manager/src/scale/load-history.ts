/** A report that is not followed by another one says nothing of what comes after this time. */
const HOLDS_MS = 5000;
const BUCKET_MS = 1000;

/**
 * The load of a module over time, in buckets of one second: each report holds until the next one. Time of which nothing was
 * heard is unknown, not idle: it is left out of the averages.
 */
export interface LoadHistory {
  report(at: number, load: number): void;
  /** The mean over that time before `now`; undefined where nothing is known of it. */
  average(now: number, windowMs: number): number | undefined;
  /** Lets go of what is older. */
  resize(windowMs: number): void;
}

interface Bucket {
  number: number;
  /** Load times milliseconds. */
  sum: number;
  known: number;
}

export function createLoadHistory(windowMs: number): LoadHistory {
  let buckets = emptyBuckets(windowMs);
  let last: { readonly at: number; readonly load: number } | undefined;

  function add(from: number, to: number, load: number): void {
    for (let at = from; at < to; ) {
      const number = Math.floor(at / BUCKET_MS);
      const end = Math.min(to, (number + 1) * BUCKET_MS);
      const bucket = buckets[number % buckets.length];
      if (bucket === undefined) return;
      if (bucket.number !== number) Object.assign(bucket, { number, sum: 0, known: 0 });
      bucket.sum += load * (end - at);
      bucket.known += end - at;
      at = end;
    }
  }

  return {
    report(at, load) {
      if (last !== undefined && at > last.at) add(last.at, Math.min(at, last.at + HOLDS_MS), last.load);
      // A clock that was set back: what was known is of another time.
      if (last !== undefined && at < last.at) buckets = emptyBuckets(buckets.length * BUCKET_MS);
      last = { at, load };
    },
    average(now, window) {
      const first = Math.ceil((now - window) / BUCKET_MS);
      let sum = 0;
      let known = 0;
      for (const bucket of buckets) {
        if (bucket.number < first || bucket.number * BUCKET_MS > now) continue;
        sum += bucket.sum;
        known += bucket.known;
      }
      if (last !== undefined && now >= last.at) {
        const held = Math.min(now - last.at, HOLDS_MS);
        sum += held * last.load;
        known += held;
      }
      if (known > 0) return sum / known;
      return last?.at === now ? last.load : undefined;
    },
    resize(window) {
      const resized = emptyBuckets(window);
      if (resized.length === buckets.length) return;
      for (const bucket of [...buckets].sort((a, b) => a.number - b.number)) {
        if (bucket.known > 0) Object.assign(resized[bucket.number % resized.length] ?? {}, bucket);
      }
      buckets = resized;
    },
  };
}

function emptyBuckets(windowMs: number): Bucket[] {
  const length = Math.ceil(windowMs / BUCKET_MS) + 1;
  return Array.from({ length }, () => ({ number: -1, sum: 0, known: 0 }));
}
