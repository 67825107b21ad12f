/** What is known of the deaths so far. */
export interface Deaths {
  /** In a row, of workers that had not begun a single call. */
  readonly idle: number;
  /** Restarts without delay that are left, as of `at`. */
  readonly tokens: number;
  readonly at: number;
}

const BURST = 20;
const TOKENS_PER_SECOND = 5;
const FIRST_DELAY_MS = 100;
const LONGEST_DELAY_MS = 10_000;
/** After so many, waiting calls are told. */
export const HOPELESS = 5;

export const NO_DEATHS: Deaths = { idle: 0, tokens: BURST, at: 0 };

/**
 * A worker that died of a call is replaced at once, up to a rate; one that dies before it has begun a call would do so again,
 * and waits longer each time.
 */
export function afterDeath(
  deaths: Deaths,
  begunCall: boolean,
  now: number,
): { deaths: Deaths; delayMs: number } {
  const gained = ((now - deaths.at) / 1000) * TOKENS_PER_SECOND;
  const tokens = Math.min(BURST, deaths.tokens + Math.max(0, gained));
  if (!begunCall) {
    const delayMs = Math.min(LONGEST_DELAY_MS, FIRST_DELAY_MS * 2 ** Math.min(deaths.idle, 20));
    return { deaths: { idle: deaths.idle + 1, tokens, at: now }, delayMs };
  }
  if (tokens >= 1) return { deaths: { idle: 0, tokens: tokens - 1, at: now }, delayMs: 0 };
  return {
    deaths: { idle: 0, tokens, at: now },
    delayMs: Math.ceil(((1 - tokens) / TOKENS_PER_SECOND) * 1000),
  };
}
