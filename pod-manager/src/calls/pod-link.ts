import type { ChannelCredentials } from "@grpc/grpc-js";
import { type RpcStatus, reasonOf } from "@podule/grpc";
import { type Pod, Pod_State } from "@podule/proto/podule/v1/pods.ts";
import { connectSession, type SessionClient } from "@podule/session";
import { Status } from "nice-grpc-common";
import { millisecondsOf } from "../modules/module-status.ts";
import type { Outliers } from "./outliers.ts";
import type { Candidate } from "./route.ts";
import { Slots } from "./slots.ts";

const FIRST_RETRY_MS = 100;
const LAST_RETRY_MS = 2000;

export interface PodLinkOptions {
  readonly moduleId: string;
  readonly maxMessageBytes: number;
  /** It may take calls now, or one more than before. */
  readonly onFree: () => void;
  /** What compares it with the module's other pods; undefined while there are none. */
  readonly outliers: () => Outliers | undefined;
  /** Its workers, where the calls that they cannot run soon should rather wait for another pod. */
  readonly workers?: () => number | undefined;
  /** Default: without TLS. */
  readonly credentials?: (() => ChannelCredentials) | undefined;
}

/** Whether the pod, not the function, is to blame. */
function isOfPod(status: RpcStatus): boolean {
  if (status.code !== Status.UNAVAILABLE && status.code !== Status.INTERNAL) return false;
  return !NOT_OF_POD.has(reasonOf(status) ?? "");
}

const NOT_OF_POD = new Set(["PYTHON_EXCEPTION", "DRAINING", "SESSION_CLOSED"]);

/** A pod as calls see it: one session for all unary and streamed calls, made anew when it breaks. */
export class PodLink implements Candidate {
  readonly name: string;
  /** Empty: it has none yet. */
  address: string;
  readonly generation: bigint;
  /** Milliseconds since 1970. */
  readonly createdAt: number;
  /** Client sessions piped to the pod. */
  sessions = 0;
  /** It has been READY: it may have had calls. */
  wasReady = false;
  readonly #options: PodLinkOptions;
  #client: SessionClient | undefined;
  #open = false;
  #ready = false;
  #draining = false;
  #closed = false;
  #retry: NodeJS.Timeout | undefined;
  #retryMs = FIRST_RETRY_MS;
  readonly #slots = new Slots();

  constructor(pod: Pod, options: PodLinkOptions) {
    this.name = pod.name;
    this.address = pod.address;
    this.generation = pod.generation;
    this.createdAt = millisecondsOf(pod.createTime) ?? Date.now();
    this.#options = options;
  }

  get moduleId(): string {
    return this.#options.moduleId;
  }

  get usable(): boolean {
    return this.#open && this.#ready && !this.#draining;
  }

  get isDraining(): boolean {
    return this.#draining;
  }

  get inFlight(): number {
    return this.#client?.inFlight ?? 0;
  }

  get maxInFlight(): number {
    const most = this.#client?.maxInFlight ?? 0;
    const workers = this.#options.workers?.();
    return workers === undefined ? most : Math.min(most, this.#slots.limit(performance.now(), workers));
  }

  /** Only of a usable link. */
  get client(): SessionClient {
    if (this.#client === undefined) throw new Error(`${this.name} has no session`);
    return this.#client;
  }

  /** The pod as its backend now tells it. */
  update(pod: Pod): void {
    if (pod.address !== "") this.address = pod.address;
    this.#ready = pod.state === Pod_State.READY;
    if (this.#ready) this.wasReady = true;
    if (pod.state === Pod_State.DRAINING) this.#drain();
    if (!this.#ready) return;
    if (this.usable) this.#options.onFree();
    else this.#connect();
  }

  /** For a connection to it. */
  get credentials(): ChannelCredentials | undefined {
    return this.#options.credentials?.();
  }

  /** One that is probed has one call at a time. */
  get isSpared(): boolean {
    const standing = this.#options.outliers()?.standing(this.name, performance.now());
    return standing === "ejected" || (standing === "probing" && this.inFlight > 0);
  }

  /** A call that was given to the link, then, has ended; `begun`: undefined where its time says nothing of the pod. */
  released(begun?: number, error?: RpcStatus): void {
    const now = performance.now();
    this.#slots.finished(now);
    const latency = begun === undefined ? undefined : now - begun;
    this.#options.outliers()?.ended(this.name, now, latency, error !== undefined && isOfPod(error));
    this.#options.onFree();
  }

  /** The pod is gone: what is still in flight is answered. */
  close(): void {
    this.#closed = true;
    clearTimeout(this.#retry);
    this.#client?.destroy();
  }

  #connect(): void {
    if (this.#client !== undefined || this.#closed || this.#draining) return;
    const { credentials } = this;
    const client = connectSession({
      address: this.address,
      ...(credentials === undefined ? {} : { credentials }),
      module: this.#options.moduleId,
      maxMessageBytes: this.#options.maxMessageBytes,
      onDraining: () => this.#drain(),
      onClosed: () => this.#onClosed(client),
    });
    this.#client = client;
    client.opened.then(
      () => {
        if (this.#client !== client) return;
        this.#open = true;
        this.#retryMs = FIRST_RETRY_MS;
        this.#options.onFree();
      },
      () => this.#onClosed(client),
    );
  }

  /** No new calls; those in flight end. */
  #drain(): void {
    this.#draining = true;
    clearTimeout(this.#retry);
    this.#client?.close();
  }

  #onClosed(client: SessionClient): void {
    if (this.#client !== client) return;
    this.#client = undefined;
    this.#open = false;
    if (this.#closed || this.#draining) return;
    clearTimeout(this.#retry);
    this.#retry = setTimeout(() => {
      if (this.#ready) this.#connect();
    }, this.#retryMs);
    this.#retryMs = Math.min(this.#retryMs * 2, LAST_RETRY_MS);
  }
}
