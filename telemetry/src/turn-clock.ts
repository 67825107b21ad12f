let cached = 0;

function forget(): void {
  cached = 0;
}

/** performance.now(), read once in a turn of the event loop: what comes in one read has come at one time. */
export function turnNow(): number {
  if (cached === 0) {
    cached = performance.now();
    queueMicrotask(forget);
  }
  return cached;
}

/** Milliseconds since 1970 of a performance.now(). */
export function epochMs(now: number): number {
  return performance.timeOrigin + now;
}
