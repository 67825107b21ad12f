import type { ModuleDemand, ReportDemandRequest } from "@podule/proto/podule/internal/v1/managers.ts";
import { asksNothing } from "./load-sum.ts";

const MODULES_A_MESSAGE = 1000;

/**
 * The messages of one stream to the leader: only what has changed since the last one, read when it is sent; a reader that is slow gets fewer
 * of them. Ends with the signal.
 */
export async function* demandReport(options: {
  /** Ids that ask for something now. */
  readonly all: () => Iterable<string>;
  /** Undefined where there is nothing. */
  readonly read: (id: string) => ModuleDemand | undefined;
  /** Calls `listener` with each id that changes. Returns the way to stop that. */
  readonly watch: (listener: (id: string) => void) => () => void;
  readonly signal: AbortSignal;
  /** Between two messages. */
  readonly pauseMs?: number;
}): AsyncGenerator<ReportDemandRequest> {
  const { read, signal, pauseMs = 50 } = options;
  const told = new Set<string>();
  const changed = new Set<string>(options.all());
  let wake = () => {};
  const stop = options.watch((id) => {
    changed.add(id);
    wake();
  });
  const onAbort = () => wake();
  signal.addEventListener("abort", onAbort);

  function take(): ModuleDemand[] {
    const modules: ModuleDemand[] = [];
    for (const id of changed) {
      if (modules.length === MODULES_A_MESSAGE) break;
      changed.delete(id);
      const demand = read(id) ?? { module: id, waiting: 0, pods: [] };
      const nothing = asksNothing(demand);
      if (nothing && !told.has(id)) continue;
      if (nothing) told.delete(id);
      else told.add(id);
      modules.push(demand);
    }
    return modules;
  }

  try {
    while (!signal.aborted) {
      const modules = take();
      if (modules.length > 0) {
        yield { modules };
        await new Promise((resolve) => setTimeout(resolve, pauseMs));
      } else if (changed.size === 0 && !signal.aborted)
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
    }
  } finally {
    stop();
    signal.removeEventListener("abort", onAbort);
  }
}
