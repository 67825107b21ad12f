import type { ChannelCredentials } from "@grpc/grpc-js";
import { statusError } from "@podule/grpc";
import type { ManagersDefinition, ModuleDemand } from "@podule/proto/podule/internal/v1/managers.ts";
import { type ServiceImplementation, Status } from "nice-grpc";
import type { Leadership } from "../kubernetes/lease-election.ts";
import type { ModuleDirectory } from "../modules/module-directory.ts";
import type { ModuleLoad } from "../scale/module-load.ts";
import { startDemandClient } from "./demand-client.ts";
import { demandReport } from "./demand-report.ts";
import { asksNothing, demandOf, LoadSum } from "./load-sum.ts";

export interface DemandOptions {
  readonly leadership: Pick<Leadership, "isLeader" | "leader" | "watch">;
  readonly directory: Pick<ModuleDirectory, "getModule" | "ensureModule">;
  /** Hears of the loads of all replicas together, while this one leads. */
  readonly onLoad: (load: ModuleLoad) => void;
  /** For connections to other replicas. */
  readonly credentials?: () => ChannelCredentials;
  readonly log?: (message: string) => void;
}

export interface Demand {
  /** A load of this replica has changed. Called for each call: cheap. */
  onLoad(load: ModuleLoad): void;
  readonly service: ServiceImplementation<ManagersDefinition>;
  start(): void;
  close(): Promise<void>;
}

const AGAIN_MS = 1000;

/** What all replicas ask of pods, brought together where it is decided upon. */
export function createDemand(options: DemandOptions): Demand {
  const { leadership, directory, log = () => {} } = options;
  const sums = new Map<string, LoadSum>();
  const listeners = new Set<(id: string) => void>();
  let stopClient: (() => Promise<void>) | undefined;
  let ticker: NodeJS.Timeout | undefined;

  function sumOf(id: string): LoadSum {
    let sum = sums.get(id);
    if (sum === undefined) {
      sum = new LoadSum(id);
      sums.set(id, sum);
    }
    return sum;
  }

  function tellAll(): void {
    for (const sum of sums.values()) {
      const { own } = sum;
      if (own !== undefined && own.waiting === 0 && own.links.length === 0) sum.own = undefined;
      if (leadership.isLeader()) options.onLoad(sum);
      if (sum.isEmpty) sums.delete(sum.id);
    }
  }

  function heard(stream: object, demand: ModuleDemand): void {
    const id = demand.module;
    if (asksNothing(demand)) {
      const sum = sums.get(id);
      if (sum?.others.delete(stream) === true) options.onLoad(sum);
      return;
    }
    const sum = sumOf(id);
    sum.others.set(stream, demand);
    options.onLoad(sum);
    if (demand.waiting > 0 && directory.getModule(id) !== undefined) directory.ensureModule(id);
  }

  return {
    onLoad(load) {
      const sum = sumOf(load.id);
      sum.own = load;
      if (leadership.isLeader()) options.onLoad(sum);
      else for (const listener of listeners) listener(load.id);
    },
    service: {
      async reportDemand(requests) {
        const stream = {};
        const ended = Promise.withResolvers<never>();
        ended.promise.catch(() => {});
        const check = () => {
          if (!leadership.isLeader()) ended.reject(notLeader());
        };
        const stop = leadership.watch(check);
        const messages = requests[Symbol.asyncIterator]();
        try {
          check();
          while (true) {
            const { done, value } = await Promise.race([messages.next(), ended.promise]);
            if (done === true) return {};
            for (const demand of value.modules) heard(stream, demand);
          }
        } finally {
          stop();
          for (const sum of sums.values())
            if (sum.others.delete(stream) && leadership.isLeader()) options.onLoad(sum);
        }
      },
    },
    start() {
      ticker = setInterval(tellAll, AGAIN_MS);
      ticker.unref();
      stopClient = startDemandClient({
        leadership,
        log,
        ...(options.credentials === undefined ? {} : { credentials: options.credentials }),
        report: (signal) =>
          demandReport({
            signal,
            all: () => sums.keys(),
            read: (id) => {
              const own = sums.get(id)?.own;
              return own === undefined ? undefined : demandOf(own);
            },
            watch(listener) {
              listeners.add(listener);
              return () => listeners.delete(listener);
            },
          }),
      });
    },
    async close() {
      clearInterval(ticker);
      await stopClient?.();
    },
  };
}

function notLeader() {
  return statusError(Status.FAILED_PRECONDITION, "NOT_LEADER", "Another pod manager leads", {
    retryAfterMs: 500,
  });
}
