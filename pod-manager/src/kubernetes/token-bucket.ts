import { statusError } from "@podule/grpc";
import { Status } from "nice-grpc";

export interface TokenBucketOptions {
  /** Tokens a second. */
  readonly qps: number;
  /** Tokens that may be taken at once after a rest. */
  readonly burst: number;
  /** Takers that may wait; one more is refused. Default 10,000. */
  readonly mayWait?: number;
  /** Milliseconds that only grow. */
  readonly clock?: () => number;
}

export interface TokenBucket {
  /** Resolves when it is this taker's turn; rejects with the signal's reason, or RESOURCE_EXHAUSTED where too many wait. */
  take(signal?: AbortSignal): Promise<void>;
}

/** Bounds how fast a client asks, in the order asked. */
export function createTokenBucket(options: TokenBucketOptions): TokenBucket {
  const { qps, burst, mayWait = 10_000, clock = () => performance.now() } = options;
  const waiting = new Set<() => void>();
  let tokens = burst;
  let at = clock();
  let timer: NodeJS.Timeout | undefined;

  function fill(): void {
    const now = clock();
    tokens = Math.min(burst, tokens + ((now - at) * qps) / 1000);
    at = now;
  }

  function pump(): void {
    fill();
    for (const give of waiting) {
      if (tokens < 1) break;
      tokens--;
      waiting.delete(give);
      give();
    }
    if (waiting.size === 0 || timer !== undefined) return;
    timer = setTimeout(
      () => {
        timer = undefined;
        pump();
      },
      Math.max(1, ((1 - tokens) * 1000) / qps),
    );
  }

  return {
    async take(signal) {
      signal?.throwIfAborted();
      fill();
      if (waiting.size === 0 && tokens >= 1) {
        tokens--;
        return;
      }
      if (waiting.size >= mayWait) throw tooMany(mayWait);
      await new Promise<void>((resolve, reject) => {
        const onAbort = () => {
          waiting.delete(give);
          reject(signal?.reason);
        };
        const give = () => {
          signal?.removeEventListener("abort", onAbort);
          resolve();
        };
        signal?.addEventListener("abort", onAbort, { once: true });
        waiting.add(give);
        pump();
      });
    },
  };
}

function tooMany(mayWait: number) {
  return statusError(
    Status.RESOURCE_EXHAUSTED,
    "KUBERNETES_BUSY",
    `${mayWait} requests to the Kubernetes API wait for their turn already`,
    { retryAfterMs: 1000 },
  );
}
