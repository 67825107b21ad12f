import type { PodProcess } from "./pod-process.ts";
import { type Parked, type ParkingLimits, recentClaims, toEvict, warmTarget } from "./warm-policy.ts";

/** Not together with the start of the pod that has just been claimed. */
const REFILL_MS = 1000;
const LOOK_MS = 30_000;
const PARKED_MS = 1_800_000;
/** For a process that was told to end. */
const END_MS = 5000;

export interface WarmOptions {
  /** Processes that wait for any module, at most. */
  readonly warm: number;
  readonly parking: ParkingLimits;
  /** A new process that waits. Undefined: it cannot be started. */
  readonly start: () => PodProcess | undefined;
  readonly clock?: () => number;
}

interface ParkedPod extends Parked {
  readonly process: PodProcess;
  readonly key: string;
  readonly module: string;
}

/** Module servers that no pod is, but that can be one in less time than a new process: generic ones, and parked ones of one module. */
export class WarmProcesses {
  readonly #options: WarmOptions;
  readonly #clock: () => number;
  readonly #generic = new Set<PodProcess>();
  readonly #parked = new Set<ParkedPod>();
  /** Told to end. */
  readonly #leaving = new Map<PodProcess, Promise<void>>();
  readonly #ticker: NodeJS.Timeout;
  #claims: number[] = [];
  #refill: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(options: WarmOptions) {
    this.#options = options;
    this.#clock = options.clock ?? (() => performance.now());
    this.#ticker = setInterval(() => this.#look(), LOOK_MS);
    this.#ticker.unref();
  }

  /** Processes that wait, by kind. */
  get sizes(): { readonly generic: number; readonly parked: number } {
    return { generic: this.#generic.size, parked: this.#parked.size };
  }

  /** As if a pod had been wanted: one waits for the first. */
  expect(): void {
    this.#claims.push(this.#clock());
    this.#refillSoon();
  }

  /** One that can be the pod which the key stands for: parked by one like it, or any that waits. */
  claim(key: string): PodProcess | undefined {
    // The one parked last: its memory is likeliest to be there still.
    const same = [...this.#parked].filter((parked) => parked.key === key && parked.process.isAlive).at(-1);
    if (same !== undefined) {
      this.#parked.delete(same);
      return given(same.process);
    }
    this.expect();
    for (const process of this.#generic) {
      this.#generic.delete(process);
      if (process.isAlive) return given(process);
    }
    return undefined;
  }

  park(
    process: PodProcess,
    pod: { readonly key: string; readonly module: string; readonly bytes: number },
  ): void {
    const parked: ParkedPod = { ...pod, process, since: this.#clock() };
    const gone = (): void => {
      this.#parked.delete(parked);
      void this.#remove(process);
    };
    process.owner = { message() {}, exited: gone, failed: gone };
    this.#parked.add(parked);
    if (this.#closed || !process.isAlive) this.#end(process);
    this.#look();
  }

  /** The module's code is another now, or it is gone: nothing of it stays, but what the key stands for. */
  forget(module: string, key?: string): void {
    for (const parked of [...this.#parked])
      if (parked.module === module && parked.key !== key) this.#unpark(parked);
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearInterval(this.#ticker);
    clearTimeout(this.#refill);
    for (const parked of [...this.#parked]) this.#unpark(parked);
    for (const process of this.#generic) this.#end(process);
    this.#generic.clear();
    await Promise.all(this.#leaving.values());
  }

  #refillSoon(): void {
    if (this.#closed || this.#refill !== undefined) return;
    this.#refill = setTimeout(() => {
      this.#refill = undefined;
      this.#look();
    }, REFILL_MS);
    this.#refill.unref();
  }

  #look(): void {
    if (this.#closed) return;
    const now = this.#clock();
    this.#claims = recentClaims(this.#claims, now);
    for (const parked of toEvict([...this.#parked], this.#options.parking, PARKED_MS, now))
      this.#unpark(parked);
    const wanted = warmTarget(this.#options.warm, this.#claims, now);
    for (const process of [...this.#generic].slice(wanted)) {
      this.#generic.delete(process);
      this.#end(process);
    }
    if (this.#generic.size < wanted) this.#start();
  }

  #start(): void {
    const process = this.#options.start();
    if (process === undefined) return;
    const gone = (): void => {
      this.#generic.delete(process);
      void this.#remove(process);
    };
    // One after the other: the next when this one is there.
    process.owner = { message: () => this.#refillSoon(), exited: gone, failed: gone };
    this.#generic.add(process);
  }

  #unpark(parked: ParkedPod): void {
    this.#parked.delete(parked);
    this.#end(parked.process);
  }

  #end(process: PodProcess): void {
    if (this.#leaving.has(process)) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(() => process.kill(), END_MS);
    const gone = (): void => {
      clearTimeout(timer);
      void this.#remove(process).then(resolve);
    };
    this.#leaving.set(process, promise);
    process.owner = { message() {}, exited: gone, failed: gone };
    if (process.isAlive) process.disconnect();
    else gone();
  }

  async #remove(process: PodProcess): Promise<void> {
    await process.drained();
    await process.remove();
    this.#leaving.delete(process);
  }
}

function given(process: PodProcess): PodProcess {
  process.owner = undefined;
  return process;
}
