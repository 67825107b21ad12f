import { isAlreadyExists, isConflict, isNotFound } from "./api-error.ts";
import type { KubernetesClient } from "./client.ts";
import { leaseBody, microTime, readLease } from "./lease-object.ts";
import { type LeaseRecord, nextMove, type Observed, observe } from "./lease-policy.ts";
import { resourcePaths } from "./paths.ts";
import { pause } from "./pause.ts";

/** Who decides. The local backend has no other replica: there it is always this one. */
export interface Leadership {
  /** By a clock that only grows: also right in the first moment after this process was stopped for a while. */
  isLeader(): boolean;
  /** The holder's identity as last seen; undefined: nobody known. */
  leader(): string | undefined;
  /** Calls `listener` when either changes. Returns the way to stop that. */
  watch(listener: () => void): () => void;
}

export interface LeaseElectionOptions {
  readonly client: Pick<KubernetesClient, "get" | "create" | "replace">;
  readonly namespace: string;
  readonly name: string;
  /** Unique among the replicas; asked at the start. */
  readonly identity: () => string;
  /** Others may take it when it was not renewed for so long. Default 8. */
  readonly durationSeconds?: number;
  /** So long after a renewal was asked for, this replica no longer holds itself for the leader. Default 5000. */
  readonly holdMs?: number;
  /** Between two attempts. Default 1500. */
  readonly retryMs?: number;
  readonly log?: (message: string) => void;
}

export interface LeaseElection extends Leadership {
  start(): void;
  /** Gives the lease back where it is held. */
  close(): Promise<void>;
}

/** The Lease algorithm of client-go: at most one holder that still trusts itself, whatever stops, breaks or lags. */
export function createLeaseElection(options: LeaseElectionOptions): LeaseElection {
  const { client, namespace, name, log = () => {} } = options;
  const { durationSeconds = 8, holdMs = 5000, retryMs = 1500 } = options;
  let identity = "";
  const leases = resourcePaths(namespace).leases;
  const request = { urgent: true, timeoutMs: Math.min(3000, holdMs / 2) };
  const listeners = new Set<() => void>();
  const closing = new AbortController();
  let running: Promise<void> | undefined;
  let observed: Observed | undefined;
  /** Held until then. */
  let until = Number.NEGATIVE_INFINITY;
  let told: { readonly leads: boolean; readonly leader: string | undefined } | undefined;
  let expiry: NodeJS.Timeout | undefined;

  const isLeader = () => performance.now() < until;
  const leader = () => (isLeader() ? identity : observed?.record.holder || undefined);

  function tell(): void {
    const now = { leads: isLeader(), leader: leader() };
    if (now.leads === told?.leads && now.leader === told.leader) return;
    if (now.leads !== (told?.leads ?? false))
      log(`${identity} is ${now.leads ? "now" : "no longer"} the leader`);
    told = now;
    for (const listener of listeners) listener();
  }

  function holdFrom(asked: number): void {
    until = asked + holdMs;
    clearTimeout(expiry);
    expiry = setTimeout(tell, until - performance.now() + 1);
  }

  function letGo(): void {
    until = Number.NEGATIVE_INFINITY;
    clearTimeout(expiry);
  }

  async function look(): Promise<void> {
    try {
      const record = readLease(await client.get(leases(name), request));
      if (record === undefined) throw new Error("The Lease cannot be read");
      observed = observe(observed, record, performance.now());
    } catch (error) {
      if (!isNotFound(error)) throw error;
      observed = undefined;
    }
  }

  async function write(record: LeaseRecord | undefined, holder: string): Promise<void> {
    const now = microTime(new Date());
    const takes = record?.holder !== holder;
    const body = leaseBody({
      name,
      namespace,
      holder,
      durationSeconds: holder === "" ? 1 : durationSeconds,
      acquireTime: takes || record === undefined ? now : record.acquireTime || now,
      renewTime: now,
      transitions: (record?.transitions ?? 0) + (takes && holder !== "" ? 1 : 0),
      resourceVersion: record?.resourceVersion ?? "",
    });
    const answer =
      record === undefined
        ? await client.create(leases(), body, request)
        : await client.replace(leases(name), body, request);
    const written = readLease(answer);
    if (written !== undefined) observed = observe(observed, written, performance.now());
  }

  /** One attempt; gives the time until the next one. */
  async function attempt(): Promise<number> {
    const asked = performance.now();
    if (!isLeader() || observed === undefined) await look();
    const move = nextMove(identity, observed, performance.now());
    if (move.kind === "wait") {
      letGo();
      return Math.min(move.ms + 10, retryMs);
    }
    await write(move.kind === "create" ? undefined : move.record, identity);
    holdFrom(asked);
    return retryMs;
  }

  async function run(): Promise<void> {
    while (!closing.signal.aborted) {
      let next = retryMs;
      try {
        next = await attempt();
      } catch (error) {
        // Somebody else was there first, or we were, and did not hear the answer: look.
        if (isConflict(error) || isAlreadyExists(error) || isNotFound(error)) {
          await look().catch(() => {});
          if (observed?.record.holder !== identity) letGo();
          next = retryMs / 4;
        } else log(`The lease ${name}: ${error instanceof Error ? error.message : String(error)}`);
        next = Math.min(next, retryMs / 2);
      }
      tell();
      await pause(next * (0.9 + Math.random() * 0.2), closing.signal);
    }
  }

  return {
    isLeader,
    leader,
    watch(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    start() {
      identity ||= options.identity();
      running ??= run();
    },
    async close() {
      closing.abort();
      await running;
      const held = isLeader();
      letGo();
      tell();
      if (held && observed?.record.holder === identity) await write(observed.record, "").catch(() => {});
      listeners.clear();
    },
  };
}
