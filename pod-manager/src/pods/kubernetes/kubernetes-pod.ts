import type { ChannelCredentials } from "@grpc/grpc-js";
import { type RpcStatus, rpcStatus } from "@podule/grpc";
import { type Pod, Pod_State } from "@podule/proto/podule/v1/pods.ts";
import { Status } from "nice-grpc-common";
import type { PodLoad } from "../pod-backend.ts";
import { timestampOf } from "../timestamp.ts";
import { ENVIRONMENT_CONTAINER, MODULE_CONTAINER, PORT } from "./names.ts";
import { openPodChannel } from "./pod-channel.ts";
import { containerOf, type PodObject } from "./pod-object.ts";
import { askedFor, isLost, lostWithNode, outcomeOf, type PodOutcome } from "./pod-outcome.ts";
import { type PodWarning, startProblem } from "./pod-problem.ts";

export interface KubernetesPodOptions {
  /** "numpy-1-1": the Pod's own name. */
  readonly objectName: string;
  readonly moduleId: string;
  readonly generation: bigint;
  readonly startTimeoutMs: number;
  readonly credentials: () => ChannelCredentials;
  readonly onChange: (pod: KubernetesPod) => void;
  readonly onLoad: (pod: KubernetesPod) => void;
  /** It does not become ready. */
  readonly onStartTimeout: (pod: KubernetesPod, status: RpcStatus) => void;
}

const PROBLEM_MS = 1000;
/** The most that the installation of an environment may take. */
const INSTALL_MS = 30 * 60_000;

/** One Pod as this manager sees it: from the wish to have it to what is known after its end. */
export class KubernetesPod {
  readonly name: string;
  readonly ended: Promise<void>;
  readonly #options: KubernetesPodOptions;
  readonly #settleEnded: () => void;
  readonly #wishedAt = Date.now();
  #object: PodObject | undefined;
  #warning: PodWarning | undefined;
  /** Why it could not be made so far. */
  #createError: RpcStatus | undefined;
  #serving = false;
  #readyTime: number | undefined;
  #asked = false;
  #cause: RpcStatus | undefined;
  #outcome: PodOutcome | undefined;
  #endTime: number | undefined;
  #load: PodLoad | undefined;
  #closeChannel: (() => void) | undefined;
  #startTimer: NodeJS.Timeout | undefined;
  #problemSince: number | undefined;
  #problemTimer: NodeJS.Timeout | undefined;
  #shown = "";

  constructor(options: KubernetesPodOptions) {
    this.#options = options;
    this.name = `pods/${options.objectName}`;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.ended = promise;
    this.#settleEnded = resolve;
  }

  get objectName(): string {
    return this.#options.objectName;
  }

  get moduleId(): string {
    return this.#options.moduleId;
  }

  get object(): PodObject | undefined {
    return this.#object;
  }

  get isEnded(): boolean {
    return this.#outcome !== undefined;
  }

  get load(): PodLoad | undefined {
    return this.isEnded ? undefined : this.#load;
  }

  view(): Pod {
    const { moduleId, generation } = this.#options;
    const created = Date.parse(this.#object?.metadata.creationTimestamp ?? "");
    return {
      name: this.name,
      module: `modules/${moduleId}`,
      generation,
      state: this.#state(),
      createTime: timestampOf(Number.isNaN(created) ? this.#wishedAt : Math.max(created, 0)),
      readyTime: this.#readyTime === undefined ? undefined : timestampOf(this.#readyTime),
      endTime: this.#endTime === undefined ? undefined : timestampOf(this.#endTime),
      error: this.#error(),
      address: this.#address() ?? "",
      callsInFlight: 0,
      sessions: this.load?.sessions ?? 0,
    };
  }

  /** As the API server now tells it. */
  observe(object: PodObject): void {
    this.#object = object;
    this.#createError = undefined;
    if (object.metadata.deletionTimestamp !== undefined) this.#asked = true;
    this.#settle(outcomeOf(object, this.#history()));
    this.#follow();
    this.#tell();
  }

  /** The object is gone. */
  gone(): void {
    this.#settle(askedFor(this.#cause, undefined));
    this.#tell();
  }

  warn(warning: PodWarning): void {
    this.#warning = warning;
    this.#tell();
  }

  /** It could not be made; `final`: nothing is tried again. */
  createFailed(status: RpcStatus, final: boolean): void {
    this.#createError = status;
    if (final) this.#settle({ state: Pod_State.FAILED, error: status, at: undefined });
    this.#tell();
  }

  /** Someone wants it gone: DRAINING from now on. */
  ask(cause: RpcStatus | undefined): void {
    this.#asked = true;
    this.#cause ??= cause;
    this.#tell();
  }

  /** This manager looks no longer. */
  close(): void {
    clearTimeout(this.#startTimer);
    clearTimeout(this.#problemTimer);
    this.#closeChannel?.();
    this.#closeChannel = undefined;
  }

  #state(): Pod_State {
    if (this.#outcome !== undefined) return this.#outcome.state;
    if (this.#asked) return Pod_State.DRAINING;
    return this.#serving ? Pod_State.READY : Pod_State.STARTING;
  }

  #error(): RpcStatus | undefined {
    if (this.#outcome !== undefined) return this.#outcome.error;
    if (this.#asked || this.#serving) return undefined;
    if (this.#object === undefined) return this.#createError;
    return this.#lastingProblem(startProblem(this.#object, this.#named(), this.#warning));
  }

  /** A problem is told when it has lasted: some are over as soon as another pod has gone. */
  #lastingProblem(problem: RpcStatus | undefined): RpcStatus | undefined {
    if (problem === undefined) {
      this.#problemSince = undefined;
      clearTimeout(this.#problemTimer);
      return undefined;
    }
    this.#problemSince ??= performance.now();
    const left = this.#problemSince + PROBLEM_MS - performance.now();
    if (left <= 0) return problem;
    clearTimeout(this.#problemTimer);
    this.#problemTimer = setTimeout(() => this.#tell(), left + 1);
    return undefined;
  }

  #address(): string | undefined {
    const ip = this.#object?.podIP;
    if (ip === undefined || ip === "") return undefined;
    return ip.includes(":") ? `[${ip}]:${PORT}` : `${ip}:${PORT}`;
  }

  /** Dials it as soon as it has an address, and no longer than it lives. */
  #follow(): void {
    if (this.isEnded) return;
    const address = this.#address();
    if (address !== undefined && this.#closeChannel === undefined) {
      this.#closeChannel = openPodChannel({
        address,
        credentials: this.#options.credentials,
        onServing: (serving) => this.#onServing(serving),
        onLoad: (load) => {
          this.#load = load;
          this.#options.onLoad(this);
        },
      });
    }
    this.#watchStart();
  }

  #onServing(serving: boolean): void {
    this.#serving = serving;
    if (serving) {
      this.#readyTime ??= Date.now();
      clearTimeout(this.#startTimer);
      this.#startTimer = undefined;
    } else {
      if (this.#object !== undefined) this.#loseWithNode(this.#object);
      this.#watchStart();
    }
    this.#tell();
  }

  #loseWithNode(object: PodObject): void {
    if (this.#outcome !== undefined || !isLost(object, this.#serving)) return;
    this.#settle({ state: Pod_State.FAILED, error: lostWithNode(object, this.#history()), at: Date.now() });
  }

  /** The time for a start runs while its container runs. */
  #watchStart(): void {
    const object = this.#object;
    if (object === undefined || this.isEnded) return;
    this.#loseWithNode(object);
    const installs = containerOf(object, ENVIRONMENT_CONTAINER) !== undefined;
    const runs = containerOf(object, MODULE_CONTAINER)?.running === true;
    if (this.#serving || this.#asked || !runs || this.#startTimer !== undefined) return;
    const { onStartTimeout } = this.#options;
    const startTimeoutMs = this.#options.startTimeoutMs + (installs ? INSTALL_MS : 0);
    this.#startTimer = setTimeout(() => {
      const message = `The pod ${this.name} of ${this.moduleId} was not ready within ${startTimeoutMs} ms of its container's start`;
      const metadata = { module: this.moduleId, pod: this.name };
      onStartTimeout(this, rpcStatus(Status.FAILED_PRECONDITION, "POD_START_TIMEOUT", message, { metadata }));
    }, startTimeoutMs);
    this.#startTimer.unref();
  }

  #settle(outcome: PodOutcome | undefined): void {
    if (outcome === undefined || this.#outcome !== undefined) return;
    this.#outcome = outcome;
    this.#endTime = outcome.at ?? Date.now();
    this.close();
  }

  #history() {
    return {
      ...this.#named(),
      wasReady: this.#readyTime !== undefined,
      asked: this.#asked,
      cause: this.#cause,
    };
  }

  #named() {
    return { name: this.name, moduleId: this.moduleId };
  }

  #tell(): void {
    const { state, error, address, readyTime } = this.view();
    const shown = [state, error?.message ?? "", address, readyTime?.seconds ?? ""].join("\n");
    if (shown === this.#shown) return;
    this.#shown = shown;
    this.#options.onChange(this);
    if (this.isEnded) this.#settleEnded();
  }
}
