import { type RpcStatus, toStatus } from "@podule/grpc";
import { type Module, Module_State } from "@podule/proto/podule/v1/modules.ts";
import { type Pod, Pod_State } from "@podule/proto/podule/v1/pods.ts";
import type { ModuleDirectory, ModuleEvent } from "../modules/module-directory.ts";
import type { PodBackend, PodEvent } from "../pods/pod-backend.ts";
import type { ModuleLoad } from "../scale/module-load.ts";
import { durationMs, type RemainingStart, remainingStart } from "../scale/start-times.ts";
import { ModuleCalls } from "./module-calls.ts";
import type { Outgoing } from "./outgoing.ts";
import { PodLink } from "./pod-link.ts";
import type { CallQuotas } from "./quotas.ts";
import {
  deadlineTooShort,
  moduleDeleted,
  podNotReady,
  refusalOf,
  sessionGone,
  shuttingDown,
} from "./refusal.ts";
import { RequestHomes } from "./request-homes.ts";
import { podOfToken } from "./session-token.ts";
import type { ByteBudget } from "./waiting-queue.ts";

const QUEUE_BYTES = 64 * 1024 * 1024;
const ALL_QUEUES_BYTES = 256 * 1024 * 1024;
/** Remembered at once; about 50 MiB. */
const MOST_REQUEST_IDS = 200_000;
const COLLECTION = "modules/";

export interface RouterOptions {
  readonly modules: ModuleDirectory;
  readonly pods: PodBackend;
  /** Of modules that set none of their own. */
  readonly quotas: CallQuotas;
  /** The longest that a call waits for a pod. */
  readonly queueTimeoutMs: number;
  readonly maxMessageBytes: number;
  /** How long the answers of calls with a request_id are kept. */
  readonly requestGraceMs: number;
  /** A module's load has changed. */
  readonly onLoad?: (load: ModuleLoad) => void;
  /** Workers of each pod of a module that may have several pods. */
  readonly workersOf?: (id: string) => number | undefined;
}

/** Brings calls to pods: at once where one is ready, through the module's queue where none is. */
export class Router {
  readonly #options: RouterOptions;
  readonly #modules = new Map<string, ModuleCalls>();
  readonly #links = new Map<string, PodLink>();
  readonly #budget: ByteBudget;
  readonly #stopWatching: readonly (() => void)[];
  readonly requests: RequestHomes;
  readonly #startedAt = performance.now();
  /** When a module last lost a pod, by its id; the oldest first. */
  readonly #podWentAt = new Map<string, number>();
  #closed = false;

  constructor(options: RouterOptions) {
    this.#options = options;
    this.requests = new RequestHomes(options.requestGraceMs, MOST_REQUEST_IDS);
    this.#budget = { left: Math.max(ALL_QUEUES_BYTES, options.maxMessageBytes) };
    this.#stopWatching = [
      options.modules.watch((event) => this.#onModule(event)),
      options.pods.watch((event) => this.#onPod(event)),
    ];
    for (const pod of options.pods.listPods()) this.#onPod({ type: "ADDED", pod });
  }

  submit(id: string, outgoing: Outgoing): void {
    const known = this.#modules.get(id);
    const excess = known?.admit(outgoing);
    if (excess !== undefined) outgoing.fail(excess);
    else if (known?.tryStart(outgoing) !== true) this.#wait(id, outgoing);
    const module = this.#modules.get(id);
    if (module !== undefined) this.#options.onLoad?.(module);
  }

  /** To the pod that the token names, and to no other: the session lives there. */
  submitToSession(token: string, outgoing: Outgoing): void {
    const pod = podOfToken(token);
    this.submitToPod(pod, outgoing, sessionGone(pod));
  }

  /** To that pod and to no other; fails with `gone` where there is none of that name. */
  submitToPod(pod: string, outgoing: Outgoing, gone: RpcStatus): void {
    const link = this.#links.get(pod);
    const excess = link === undefined ? undefined : this.#modules.get(link.moduleId)?.admit(outgoing);
    if (link === undefined) outgoing.fail(gone);
    else if (excess !== undefined) outgoing.fail(excess);
    else if (outgoing.load === "session" || link.usable) outgoing.start(link);
    else outgoing.fail(podNotReady(pod));
  }

  linksOf(id: string): readonly PodLink[] {
    return this.#modules.get(id)?.links ?? [];
  }

  /** Whether a pod that cannot be asked any more may have had a call of the module within the grace time. */
  mayHaveHad(id: string): boolean {
    const since = performance.now() - this.#options.requestGraceMs;
    const wentAt = this.#podWentAt.get(id);
    if (this.#startedAt > since || (wentAt !== undefined && wentAt > since)) return true;
    return this.linksOf(id).some((link) => link.wasReady && !link.usable);
  }

  /** The caller of a call that may still wait has gone. */
  withdraw(id: string, outgoing: Outgoing): void {
    const module = this.#modules.get(id);
    module?.withdraw(outgoing);
    if (module !== undefined) {
      this.#options.onLoad?.(module);
      this.#forgetIdle(module);
    }
  }

  callsInFlight(pod: string): number {
    return this.#links.get(pod)?.inFlight ?? 0;
  }

  /** No call waits any more; those that a pod can take at once still run. Pods tell their sessions to come to an end. */
  drain(): void {
    this.#closed = true;
    for (const module of this.#modules.values()) module.failWaiting(shuttingDown());
    for (const { name, sessions } of [...this.#links.values()])
      if (sessions > 0) void this.#options.pods.drainPod(name);
  }

  /** Calls in flight are answered. */
  close(): void {
    this.#closed = true;
    for (const module of this.#modules.values()) module.failWaiting(shuttingDown());
    for (const module of this.#modules.values()) module.close();
    for (const stop of this.#stopWatching) stop();
    for (const link of this.#links.values()) link.close();
  }

  #wait(id: string, outgoing: Outgoing): void {
    const refusal = this.#refusalOf(id);
    if (refusal !== undefined) {
      outgoing.fail(refusal);
      return;
    }
    const module = this.#module(id);
    const excess = module.admit(outgoing);
    // Making the module may have told of a pod that is ready.
    if (excess === undefined && module.tryStart(outgoing)) return;
    const refused = excess ?? module.wait(outgoing) ?? this.#tooLate(module, outgoing);
    if (refused === undefined) return;
    this.#forgetIdle(module);
    outgoing.fail(refused);
  }

  /** A call that no pod's start can serve in time is told so. It has waited for a moment: that starts the pod. */
  #tooLate(module: ModuleCalls, outgoing: Outgoing): RpcStatus | undefined {
    if (outgoing.deadline === Number.POSITIVE_INFINITY) return undefined;
    const start = this.#remainingStart(module);
    const left = outgoing.deadline - Date.now();
    if (start === undefined || left >= start.least) return undefined;
    this.#options.onLoad?.(module);
    module.withdraw(outgoing);
    return deadlineTooShort(module.id, left, start);
  }

  /** Of the pod that is expected to take the next call; undefined where one does, or where nothing is known. */
  #remainingStart({ id, links }: ModuleCalls): RemainingStart | undefined {
    if (links.some(({ usable }) => usable)) return undefined;
    const module = this.#options.modules.getModule(id);
    if (module?.status === undefined) return undefined;
    const begun = links
      .filter(({ generation, isDraining }) => generation === module.generation && !isDraining)
      .map(({ createdAt }) => createdAt);
    const elapsed = begun.length === 0 ? 0 : Date.now() - Math.min(...begun);
    return remainingStart(module.status.startTimes.map(durationMs), elapsed);
  }

  /** Makes the module where there is none. Why the call may not wait for it; undefined: it may. */
  #refusalOf(id: string): RpcStatus | undefined {
    if (this.#closed) return shuttingDown();
    try {
      return refusalOf(id, this.#options.modules.ensureModule(id));
    } catch (error) {
      return toStatus(error);
    }
  }

  #module(id: string): ModuleCalls {
    let module = this.#modules.get(id);
    if (module === undefined) {
      const { quotas, queueTimeoutMs, maxMessageBytes } = this.#options;
      const made = new ModuleCalls(id, {
        quotas,
        queueTimeoutMs,
        queueBytes: Math.max(QUEUE_BYTES, maxMessageBytes),
        budget: this.#budget,
        retryMs: () => this.#remainingStart(made)?.likely,
      });
      made.quotas = this.#options.modules.getModule(id)?.spec?.quotas;
      module = made;
      this.#modules.set(id, module);
    }
    return module;
  }

  #forgetIdle(module: ModuleCalls): void {
    if (!module.isIdle || this.#modules.get(module.id) !== module) return;
    module.close();
    this.#modules.delete(module.id);
  }

  #onModule({ type, module }: ModuleEvent): void {
    const id = idOf(module);
    const calls = this.#modules.get(id);
    if (calls === undefined) return;
    calls.quotas = module.spec?.quotas;
    if (type === "DELETED") {
      calls.closed = undefined;
      calls.failWaiting(moduleDeleted(id));
    } else {
      const refusal = refusalOf(id, module);
      calls.closed = module.status?.state === Module_State.DRAINING ? refusal : undefined;
      if (refusal !== undefined) calls.failWaiting(refusal);
      else calls.flush();
    }
    this.#forgetIdle(calls);
  }

  #onPod({ type, pod }: PodEvent): void {
    const module = this.#module(podModule(pod));
    const known = this.#links.get(pod.name);
    if (type === "DELETED" || pod.state === Pod_State.SUCCEEDED || pod.state === Pod_State.FAILED) {
      if (known !== undefined) {
        this.#links.delete(pod.name);
        if (known.wasReady) this.#podWent(module.id);
        module.removeLink(known);
        known.close();
      }
      this.#forgetIdle(module);
    } else {
      const link = known ?? this.#link(module, pod);
      link.update(pod);
    }
  }

  #podWent(id: string): void {
    const now = performance.now();
    this.#podWentAt.delete(id);
    this.#podWentAt.set(id, now);
    for (const [other, at] of this.#podWentAt) {
      if (at > now - this.#options.requestGraceMs) return;
      this.#podWentAt.delete(other);
    }
  }

  #link(module: ModuleCalls, pod: Pod): PodLink {
    const link = new PodLink(pod, {
      moduleId: module.id,
      maxMessageBytes: this.#options.maxMessageBytes,
      outliers: () => module.outliers,
      workers: () => this.#options.workersOf?.(module.id),
      credentials: this.#options.pods.credentials,
      onFree: () => {
        module.flush();
        this.#options.onLoad?.(module);
      },
    });
    this.#links.set(pod.name, link);
    module.addLink(link);
    return link;
  }
}

function idOf(module: Module): string {
  return module.name.slice(COLLECTION.length);
}

function podModule(pod: Pod): string {
  return pod.module.slice(COLLECTION.length);
}
