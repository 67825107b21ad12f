/** Delays that double from `firstMs` to `lastMs`, each shortened by up to a half at random: many clients must not come back together. */
export function createBackoff(options: {
  readonly firstMs: number;
  readonly lastMs: number;
  readonly random?: () => number;
}) {
  const { firstMs, lastMs, random = Math.random } = options;
  let failures = 0;
  return {
    next(): number {
      const delay = Math.min(lastMs, firstMs * 2 ** Math.min(failures, 30));
      failures++;
      return delay * (1 - random() / 2);
    },
    reset(): void {
      failures = 0;
    },
  };
}
