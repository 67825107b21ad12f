import type { ServiceImplementation } from "@podule/grpc";
import type { LoadsDefinition, WatchLoadResponse } from "@podule/proto/podule/internal/v1/loads.ts";
import type { LoadReport, PodLoad } from "./load-report.ts";

/** `podule.internal.v1.Loads`: the load now, then each change. A slow reader gets the latest one only. Ends with `closing`. */
export function createLoadsService(
  report: LoadReport,
  closing: AbortSignal,
): ServiceImplementation<LoadsDefinition> {
  return {
    async *watchLoad(_request, { signal: caller }): AsyncGenerator<WatchLoadResponse> {
      const signal = AbortSignal.any([caller, closing]);
      let latest: PodLoad | undefined = report.current;
      let wake = (): void => {};
      const stop = report.watch((load) => {
        latest = load;
        wake();
      });
      const abort = (): void => wake();
      signal.addEventListener("abort", abort);
      try {
        while (!signal.aborted) {
          const told = latest;
          latest = undefined;
          if (told !== undefined) yield { calls: told.calls, sessions: told.sessions };
          else
            await new Promise<void>((resolve) => {
              wake = resolve;
            });
        }
      } finally {
        signal.removeEventListener("abort", abort);
        stop();
      }
    },
  };
}
