import { type RpcStatus, StatusError, statusError } from "@podule/grpc";
import { Status } from "nice-grpc-common";
import { encodeStatus, statusBytes } from "../status-bytes.ts";
import type { CallPool } from "./call-pool.ts";
import { describeDeath } from "./death.ts";
import { killGroup } from "./kill.ts";
import type { Link, LinkEvents } from "./link.ts";
import { type Hello, type LinkJson, LinkServer } from "./link-server.ts";
import { countOomKills } from "./oom-kills.ts";
import type { Place } from "./place.ts";
import { privateMemory } from "./private-memory.ts";
import { removeProgress } from "./progress.ts";
import type { RecyclePolicy } from "./recycle-policy.ts";
import { Replacements } from "./replacements.ts";
import { afterDeath, type Deaths, HOPELESS, NO_DEATHS } from "./restart-policy.ts";
import { makeRunFolder, type RunFolder } from "./run-folder.ts";
import { Worker } from "./worker.ts";
import type { WorkerListener } from "./worker-listener.ts";
import { Zygote, type ZygoteListener, type ZygoteOptions } from "./zygote.ts";

/** After the first sign of a worker's end, the others are waited for. */
const SIGNS_MS = 1000;
const LINK_OVERHEAD = 64 * 1024;
const STOP_MS = 2000;
const RETRY_MS = 1000;

export interface SupervisorOptions extends Omit<ZygoteOptions, "socketPath" | "progressFolder"> {
  readonly workers: number;
  readonly maxMessageBytes: number;
  readonly runDir: string | undefined;
  readonly recycling: RecyclePolicy;
}

export interface SupervisorListener {
  /** The module is imported: the payload of IMPORTED. */
  imported(report: LinkJson): void;
  /** Whether calls can be taken. */
  ready(ready: boolean): void;
  /** The module cannot be imported. */
  failed(status: RpcStatus): void;
}

/** Keeps the wanted number of workers alive. */
export class Supervisor {
  readonly #options: SupervisorOptions;
  #pool: CallPool;
  #listener: SupervisorListener;
  readonly #folder: RunFolder;
  readonly #places = new Map<number, Place>();
  readonly #replacements: Replacements;
  readonly #restarts = new Set<NodeJS.Timeout>();
  #server: LinkServer | undefined;
  #zygote: Zygote | undefined;
  #lastNumber = 0;
  #deaths: Deaths = NO_DEATHS;
  #zygoteDeaths: Deaths = NO_DEATHS;
  #oomKills = countOomKills();
  #imported = false;
  #report: LinkJson = {};
  #stopping = false;
  #onParkedGone: (() => void) | undefined;
  #allGone: (() => void) | undefined;

  constructor(options: SupervisorOptions, pool: CallPool, listener: SupervisorListener) {
    this.#options = options;
    this.#pool = pool;
    this.#listener = listener;
    this.#folder = makeRunFolder(options.runDir);
    this.#replacements = new Replacements(options, this.#places, () => this.#fork());
  }

  async start(): Promise<void> {
    this.#server = await LinkServer.listen(
      this.#folder.socketPath,
      this.#options.maxMessageBytes + LINK_OVERHEAD,
      (hello, link) => this.#accept(hello, link),
    );
    this.#startZygote();
  }

  /** A new worker for one session. Rejects with a StatusError. */
  forkForSession(): Promise<Worker> {
    if (this.#stopping || this.#zygote === undefined) return Promise.reject(noWorker("it is being replaced"));
    const wish = Promise.withResolvers<Worker>();
    this.#fork(wish);
    return wish.promise;
  }

  get zygotePid(): number | undefined {
    return this.#zygote?.pid;
  }

  /** Workers get a moment to end by themselves. */
  async stop(): Promise<void> {
    this.#beginStop();
    for (const { worker } of this.#places.values()) worker?.disconnect();
    await Promise.race([this.#untilAllGone(), new Promise((resolve) => setTimeout(resolve, STOP_MS))]);
    this.kill();
  }

  /**
   * Ends the workers and keeps the process that they are forked from, with the module imported: for `resume`. False: there is none, and
   * everything has ended. `onGone`: it has ended meanwhile.
   */
  async park(onGone: () => void): Promise<boolean> {
    this.#beginStop();
    for (const { worker } of this.#places.values()) worker?.disconnect();
    await Promise.race([this.#untilAllGone(), new Promise((resolve) => setTimeout(resolve, STOP_MS))]);
    this.#killWorkers();
    if (this.#zygote === undefined || !this.#imported) {
      this.kill();
      return false;
    }
    this.#onParkedGone = onGone;
    return true;
  }

  /** Forks new workers for another pool. */
  resume(pool: CallPool, listener: SupervisorListener): void {
    this.#pool = pool;
    this.#listener = listener;
    this.#onParkedGone = undefined;
    this.#stopping = false;
    this.#deaths = NO_DEATHS;
    listener.imported(this.#report);
    this.#begin();
  }

  /** Ends all processes at once, workers first. */
  kill(): void {
    this.#beginStop();
    this.#killWorkers();
    this.#zygote?.kill();
    this.#server?.close();
    this.#folder.remove();
  }

  #killWorkers(): void {
    for (const { worker, pid, exit, timer } of this.#places.values()) {
      clearTimeout(timer);
      worker?.markGone();
      if (pid !== undefined && exit === undefined) killGroup(pid);
    }
    this.#places.clear();
  }

  #begin(): void {
    for (let count = 0; count < this.#options.workers; count++) this.#fork();
    this.#replacements.begin();
  }

  #beginStop(): void {
    this.#stopping = true;
    this.#replacements.stop();
    for (const { session } of this.#places.values()) session?.reject(noWorker("the pod ends"));
    for (const timer of this.#restarts) clearTimeout(timer);
  }

  #untilAllGone(): Promise<void> {
    if (this.#places.size === 0) return Promise.resolve();
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#allGone = resolve;
    return promise;
  }

  #startZygote(): void {
    const { socketPath, progressFolder } = this.#folder;
    const zygote: Zygote = new Zygote({ ...this.#options, socketPath, progressFolder }, this.#zygoteListener);
    this.#zygote = zygote;
  }

  readonly #zygoteListener: ZygoteListener = {
    imported: (report) => {
      this.#report = report;
      this.#listener.imported(report);
      this.#imported = true;
      // Sessions have been waiting.
      for (const number of this.#places.keys()) this.#zygote?.fork(number);
      this.#begin();
    },
    forked: (number, pid) => {
      const place = this.#places.get(number);
      if (place !== undefined) place.pid = pid;
    },
    exited: (number, exit) => {
      const place = this.#places.get(number);
      if (place === undefined) return;
      place.exit = exit;
      place.worker?.markGone();
      this.#onSign(place);
    },
    gone: (failure, words) => this.#onZygoteGone(failure, words),
  };

  #accept(hello: Hello, link: Link): LinkEvents | undefined {
    if (this.#stopping) return undefined;
    if (hello.role === "zygote") return this.#zygote?.connect(link) ? this.#zygote : undefined;
    const place = this.#places.get(hello.number);
    if (place === undefined || place.worker !== undefined || place.exit !== undefined) return undefined;
    clearTimeout(place.timer);
    const worker = new Worker(
      hello.number,
      hello.pid,
      link,
      this.#folder.progressFolder,
      this.#options.concurrency.limit,
      this.#workerListener,
    );
    place.worker = worker;
    place.pid = hello.pid;
    if (place.session !== undefined) {
      this.#pool.addForSession(worker);
      place.session.resolve(worker);
      return worker;
    }
    if (this.#options.recycling.maxMemoryGrowth !== undefined) place.memory = privateMemory(hello.pid);
    this.#pool.add(worker);
    this.#listener.ready(true);
    this.#replacements.retireSurplus();
    return worker;
  }

  #fork(session?: PromiseWithResolvers<Worker>): void {
    if (this.#stopping || this.#zygote === undefined) return;
    const number = ++this.#lastNumber;
    const place: Place = {
      number,
      session,
      replaced: false,
      memory: undefined,
      pid: undefined,
      worker: undefined,
      linkClosed: false,
      exit: undefined,
      lost: [],
      timer: undefined,
    };
    place.timer = setTimeout(() => this.#onLate(place), this.#options.importTimeoutMs + SIGNS_MS);
    this.#places.set(number, place);
    if (this.#imported) this.#zygote.fork(number);
  }

  /** The worker has not said hello. */
  #onLate(place: Place): void {
    if (place.pid !== undefined) killGroup(place.pid);
    this.#onSign(place);
  }

  #onLinkClosed(worker: Worker): void {
    const place = this.#places.get(worker.number);
    if (place === undefined) return;
    place.linkClosed = true;
    place.lost = this.#pool.remove(worker);
    // Whatever it has started ends with it.
    if (place.exit === undefined) killGroup(worker.pid);
    this.#onSign(place);
  }

  /** Settles when the link has ended and the exit is known, or one of them does not come. */
  #onSign(place: Place): void {
    clearTimeout(place.timer);
    const { worker } = place;
    const linkOver = worker === undefined || place.linkClosed;
    if (linkOver && (place.exit !== undefined || worker?.killedBecause !== undefined)) {
      this.#settle(place);
      return;
    }
    place.timer = setTimeout(() => {
      if (linkOver) this.#settle(place);
      else worker.disconnect();
    }, SIGNS_MS);
  }

  #settle(place: Place): void {
    const { number, worker, exit } = place;
    clearTimeout(place.timer);
    if (!this.#places.delete(number)) return;
    worker?.markGone();
    const kills = countOomKills();
    const outOfMemory = kills === undefined ? undefined : kills > (this.#oomKills ?? kills);
    this.#oomKills = kills;
    const death = describeDeath(
      { exit, killedBecause: worker?.killedBecause, outOfMemory },
      this.#options.moduleName,
    );
    this.#pool.fail(place.lost, encodeStatus(death));
    worker?.loseSessions(death);
    place.session?.reject(new StatusError(death));
    const begunCall = worker !== undefined && worker.progress !== 0;
    removeProgress(this.#folder.progressFolder, number);
    if (this.#places.size === 0) this.#allGone?.();
    if (this.#stopping || this.#zygote === undefined || place.session !== undefined || place.replaced) return;
    const { deaths, delayMs } = afterDeath(this.#deaths, begunCall, performance.now());
    this.#deaths = deaths;
    if (deaths.idle >= HOPELESS) this.#onHopeless(death.message, delayMs);
    this.#later(delayMs, () => this.#fork());
  }

  #onHopeless(words: string, retryAfterMs: number): void {
    if ([...this.#places.values()].some(({ worker, session }) => !session && worker)) return;
    this.#listener.ready(false);
    this.#pool.failWaiting(
      statusBytes(Status.UNAVAILABLE, "NO_WORKER", `No Python process stays alive: ${words}`, {
        retryAfterMs,
      }),
    );
  }

  #onZygoteGone(failure: RpcStatus | undefined, words: string): void {
    this.#zygote = undefined;
    this.#imported = false;
    for (const place of [...this.#places.values()]) {
      place.worker?.kill(`the process it was forked from ${words}`);
      if (place.worker === undefined) {
        if (failure !== undefined) place.session?.reject(new StatusError(failure));
        if (place.pid !== undefined) killGroup(place.pid);
        this.#settle(place);
      }
    }
    this.#onParkedGone?.();
    if (this.#stopping) return;
    if (failure !== undefined) {
      this.#listener.failed(failure);
      return;
    }
    this.#listener.ready(false);
    const { deaths, delayMs } = afterDeath(this.#zygoteDeaths, true, performance.now());
    this.#zygoteDeaths = deaths;
    this.#later(delayMs, () => this.#startZygote());
  }

  #later(delayMs: number, action: () => void): void {
    const timer = setTimeout(() => {
      this.#restarts.delete(timer);
      if (!this.#stopping) action();
    }, delayMs);
    this.#restarts.add(timer);
  }

  readonly #workerListener: WorkerListener = {
    item: (call, payload) => this.#pool.item(call, payload),
    final: (call, kind, payload) => this.#pool.final(call, kind, payload),
    oversize: (call, final, bytes) => this.#pool.oversize(call, final, bytes),
    chunked: (call, total) => this.#pool.chunked(call, total),
    piece: (call, data) => this.#pool.piece(call, data),
    times: (call, payload) => this.#pool.times(call, payload),
    sending: (call, worker) => this.#pool.sending(call, worker),
    recalled: (call) => this.#pool.recalled(call),
    room: () => this.#pool.room(),
    served: (worker) => this.#replacements.served(worker),
    stuck: (worker) => this.#replacements.onStuck(worker),
    closed: (worker) => this.#onLinkClosed(worker),
  };
}

function noWorker(words: string): StatusError {
  return statusError(Status.UNAVAILABLE, "NO_WORKER", `No Python process for a session: ${words}`, {
    retryAfterMs: RETRY_MS,
  });
}
