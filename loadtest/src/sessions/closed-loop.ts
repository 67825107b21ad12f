import type { Row } from "./row.ts";

/** So many calls in flight for so long, or until `done`: each answer starts the next call. */
export async function closedLoop(
  what: { readonly subject: string; readonly scenario: string; readonly inFlight: number },
  seconds: number,
  call: () => PromiseLike<unknown>,
  done: () => boolean = () => false,
): Promise<Row> {
  await call();
  const times: number[] = [];
  let failed = 0;
  const start = performance.now();
  const end = start + seconds * 1000;
  const lane = async (): Promise<void> => {
    do {
      const before = performance.now();
      try {
        await call();
        times.push(performance.now() - before);
      } catch {
        failed += 1;
      }
    } while (performance.now() < end && !done());
  };
  await Promise.all(Array.from({ length: what.inFlight }, lane));
  const elapsed = performance.now() - start;
  times.sort((a, b) => a - b);
  const at = (share: number): number =>
    times[Math.min(times.length - 1, Math.floor(times.length * share))] ?? Number.NaN;
  return {
    ...what,
    calls: times.length,
    failed,
    callsPerSecond: (times.length * 1000) / elapsed,
    p50Ms: at(0.5),
    p99Ms: at(0.99),
  };
}
