import type { RpcStatus } from "@podule/grpc";
import type { Quotas } from "@podule/proto/podule/v1/modules.ts";
import type { Outgoing } from "./outgoing.ts";
import { Outliers } from "./outliers.ts";
import type { PodLink } from "./pod-link.ts";
import { QuotaGate } from "./quota-gate.ts";
import { type CallQuotas, callQuotas } from "./quotas.ts";
import { queueFull, queueTimeout, quotaExceeded } from "./refusal.ts";
import { route } from "./route.ts";
import { type ByteBudget, type Refusal, WaitingQueue } from "./waiting-queue.ts";

export interface ModuleCallsOptions {
  readonly quotas: CallQuotas;
  readonly queueBytes: number;
  readonly budget: ByteBudget;
  /** The longest that a call waits, milliseconds. */
  readonly queueTimeoutMs: number;
  /** When a pod is expected to take calls, milliseconds from now; undefined: not known. */
  readonly retryMs: () => number | undefined;
}

/** The calls of one module: its pods, and what waits for one of them. */
export class ModuleCalls {
  readonly id: string;
  readonly #options: ModuleCallsOptions;
  readonly #queue: WaitingQueue<Outgoing>;
  readonly #gate: QuotaGate;
  /** The message that the quotas are from; another one is another object. */
  #quotas: Quotas | undefined;
  #timeout: NodeJS.Timeout | undefined;
  #outliers: Outliers | undefined;
  #links: readonly PodLink[] = [];
  #turn = 0;
  #flushing = false;
  /** Why no new call is taken, whatever pods there are. */
  closed: RpcStatus | undefined;

  constructor(id: string, options: ModuleCallsOptions) {
    this.id = id;
    this.#options = options;
    this.#gate = new QuotaGate(options.quotas);
    this.#queue = new WaitingQueue(this.#limits(), options.budget, (one, bound) =>
      one.fail(this.#full(bound)),
    );
  }

  /** As the module's spec now says. */
  set quotas(quotas: Quotas | undefined) {
    if (this.#quotas === quotas) return;
    this.#quotas = quotas;
    this.#gate.quotas = callQuotas(quotas, this.#options.quotas);
    this.#queue.limits = this.#limits();
  }

  /** Whether a quota lets the call in; if so it is counted until it ends. */
  admit(outgoing: Outgoing): RpcStatus | undefined {
    if (outgoing.leave !== undefined || this.#gate.isOpen(outgoing.load)) return undefined;
    const entered = this.#gate.enter(outgoing.load, () => outgoing.caller);
    if (typeof entered !== "function") return quotaExceeded(this.id, entered);
    outgoing.leave = entered;
    return undefined;
  }

  get waiting(): number {
    return this.#queue.size;
  }

  get isIdle(): boolean {
    return this.#links.length === 0 && this.#queue.size === 0;
  }

  get links(): readonly PodLink[] {
    return this.#links;
  }

  addLink(link: PodLink): void {
    this.#links = [...this.#links, link];
    this.#compare();
  }

  removeLink(link: PodLink): void {
    this.#links = this.#links.filter((one) => one !== link);
    this.#outliers?.remove(link.name);
    this.#compare();
  }

  /** Of a module with several pods. */
  get outliers(): Outliers | undefined {
    return this.#outliers;
  }

  #compare(): void {
    if (this.#links.length < 2) this.#outliers = undefined;
    else this.#outliers ??= new Outliers();
    for (const { name } of this.#links) this.#outliers?.add(name, performance.now());
  }

  /** Hands the call to a pod at once. False: none can take it now, or others wait before it. */
  tryStart(outgoing: Outgoing): boolean {
    if (this.closed !== undefined || this.#queue.size > 0) return false;
    const link = route(this.#links, this.#turn, outgoing.load, outgoing.affinity);
    if (link === undefined) return false;
    this.#turn = (this.#turn + 1) % 1_000_000;
    outgoing.start(link);
    return true;
  }

  /** Undefined: it waits now. Else: why it may not. */
  wait(outgoing: Outgoing): RpcStatus | undefined {
    const bound = this.#queue.push(outgoing, performance.now());
    if (bound !== undefined) return this.#full(bound, outgoing.caller);
    this.#timeout ??= setTimeout(() => this.#expire(), this.#options.queueTimeoutMs).unref();
    return undefined;
  }

  /** The caller has gone. */
  withdraw(outgoing: Outgoing): void {
    this.#queue.remove(outgoing);
  }

  /** Gives waiting calls to the pods that can take them. */
  flush(): void {
    if (this.#flushing || this.#queue.size === 0) return;
    this.#flushing = true;
    for (let next = this.#queue.first; next !== undefined; next = this.#queue.first) {
      const link = route(this.#links, this.#turn, next.load, next.affinity);
      if (link === undefined) break;
      this.#turn = (this.#turn + 1) % 1_000_000;
      this.#queue.take(next);
      next.start(link);
    }
    this.#flushing = false;
  }

  failWaiting(status: RpcStatus): void {
    for (let one = this.#queue.first; one !== undefined; one = this.#queue.first) {
      this.#queue.remove(one);
      one.fail(status);
    }
  }

  close(): void {
    clearTimeout(this.#timeout);
    this.#timeout = undefined;
  }

  #expire(): void {
    this.#timeout = undefined;
    const { queueTimeoutMs, retryMs } = this.#options;
    const now = performance.now();
    for (const one of this.#queue.expire(now - queueTimeoutMs))
      one.fail(queueTimeout(this.id, queueTimeoutMs, retryMs()));
    const { oldest } = this.#queue;
    if (oldest !== undefined)
      this.#timeout = setTimeout(() => this.#expire(), Math.max(1, oldest + queueTimeoutMs - now)).unref();
  }

  #limits() {
    const { waitingCalls, waitingCallsPerCaller } = this.#gate.quotas;
    return { items: waitingCalls, itemsPerCaller: waitingCallsPerCaller, bytes: this.#options.queueBytes };
  }

  #full(bound: Refusal, caller = ""): RpcStatus {
    const { items, itemsPerCaller, bytes } = this.#queue.limits;
    const limit = { calls: items, "calls per caller": itemsPerCaller, bytes, "total bytes": bytes }[bound];
    const own = bound === "calls per caller" ? { caller } : {};
    const waiting = bound === "calls per caller" ? this.#queue.waitingOf(caller) : this.#queue.size;
    return queueFull(this.id, { bound, limit, waiting, ...own }, this.#options.retryMs());
  }
}
