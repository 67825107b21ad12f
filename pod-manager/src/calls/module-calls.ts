import type { RpcStatus } from "@podule/grpc";
import type { Outgoing } from "./outgoing.ts";
import type { PodLink } from "./pod-link.ts";
import { route } from "./route.ts";
import type { Refusal, WaitingQueue } from "./waiting-queue.ts";

/** The calls of one module: its pods, and what waits for one of them. */
export class ModuleCalls {
  readonly id: string;
  readonly #queue: WaitingQueue<Outgoing>;
  #links: readonly PodLink[] = [];
  #turn = 0;
  #flushing = false;
  /** Why no new call is taken, whatever pods there are. */
  closed: RpcStatus | undefined;

  constructor(id: string, queue: WaitingQueue<Outgoing>) {
    this.id = id;
    this.#queue = queue;
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
  }

  removeLink(link: PodLink): void {
    this.#links = this.#links.filter((one) => one !== link);
  }

  /** Hands the call to a pod at once. False: none can take it now, or others wait before it. */
  tryStart(outgoing: Outgoing): boolean {
    if (this.closed !== undefined || this.#queue.size > 0) return false;
    const link = route(this.#links, this.#turn, outgoing.load);
    if (link === undefined) return false;
    this.#turn = (this.#turn + 1) % 1_000_000;
    outgoing.start(link);
    return true;
  }

  wait(outgoing: Outgoing): Refusal | undefined {
    return this.#queue.push(outgoing);
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
      const link = route(this.#links, this.#turn, next.load);
      if (link === undefined) break;
      this.#turn = (this.#turn + 1) % 1_000_000;
      this.#queue.remove(next);
      next.start(link);
    }
    this.#flushing = false;
  }

  failWaiting(status: RpcStatus): void {
    for (let one = this.#queue.shift(); one !== undefined; one = this.#queue.shift()) one.fail(status);
  }
}
