/** What the choice of a worker looks at. */
export interface Candidate {
  /** Calls sent to it and not finished, without streams that have begun: those wait for their readers most of the time. */
  readonly outstanding: number;
  /** Calls that it runs at once. */
  readonly slots: number;
  /** As many may be sent to it. */
  readonly window: number;
  /** All calls on it. */
  readonly load: number;
  /** It takes no more bytes, or is giving calls back. */
  readonly held: boolean;
}

/** The least loaded worker that has room. */
export function chooseWorker<W extends Candidate>(workers: Iterable<W>): W | undefined {
  let best: W | undefined;
  for (const worker of workers) {
    if (worker.held || worker.outstanding >= worker.window) continue;
    if (best === undefined || worker.load < best.load) best = worker;
  }
  return best;
}

/** Calls are sent ahead for so much of the worker's time. */
const AHEAD_MS = 4;
export const LEAST_WINDOW = 2;
export const MOST_WINDOW = 256;

/** Short calls are sent ahead by the hundred, long ones hardly: a call behind a long one could run elsewhere. */
export function windowFor(msPerCall: number, slots = 1): number {
  const ahead = Math.min(MOST_WINDOW, Math.max(LEAST_WINDOW, Math.ceil(AHEAD_MS / msPerCall)));
  return Math.max(ahead, slots + 1);
}

/** A running mean that follows quickly when calls become slow, slowly when they become fast. */
export function nextPace(msPerCall: number, sample: number): number {
  return sample > msPerCall ? (msPerCall + sample) / 2 : msPerCall * 0.8 + sample * 0.2;
}

/**
 * Which workers shall give back calls they have not started: those that have been at one call for a whole tick, while another
 * worker has nothing to do.
 */
export function workersToRecall<W extends Candidate & { readonly stuck: boolean }>(
  workers: readonly W[],
  waiting: number,
): W[] {
  const idle = workers.some((worker) => worker.outstanding === 0 && !worker.held);
  if (!idle || waiting > 0) return [];
  return workers.filter((worker) => worker.outstanding > worker.slots && !worker.held && worker.stuck);
}

/** Where a new session goes. */
export function fewestSessions<W extends { readonly sessions: number; readonly doomed: boolean }>(
  workers: Iterable<W>,
): W | undefined {
  let best: W | undefined;
  for (const worker of workers)
    if (!worker.doomed && (best === undefined || worker.sessions < best.sessions)) best = worker;
  return best;
}
