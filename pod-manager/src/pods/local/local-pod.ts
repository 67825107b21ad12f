import { type RpcStatus, rpcStatus } from "@podule/grpc";
import { type Pod, Pod_State } from "@podule/proto/podule/v1/pods.ts";
import { Status } from "nice-grpc-common";
import type { PodLoad, PodTemplate } from "../pod-backend.ts";
import { timestampOf } from "../timestamp.ts";
import { outcomeOf } from "./pod-end.ts";
import { filesIn, type PodFiles, podEnvironment } from "./pod-environment.ts";
import { parseLoad, parseParked } from "./pod-load.ts";
import { PodLog } from "./pod-log.ts";
import { PodProcess } from "./pod-process.ts";
import { readBounded } from "./read-bounded.ts";
import { watchHealth } from "./watch-health.ts";

/** Beyond the drain grace, or after the loss of the IPC channel: for the pod to end by itself. */
const SLACK_MS = 5000;
const CLOSE_MS = 2000;
const ERROR_LINES = 20;
const TERMINATION_MESSAGE_BYTES = 65_536;

export interface LocalPodOptions {
  /** "pods/numpy-x7k2p". */
  readonly name: string;
  /** The folder of a new process. */
  readonly folder: string;
  /** A process that waits to be a pod; undefined: a new one is started. */
  readonly process: PodProcess | undefined;
  /** What `node` runs. */
  readonly main: string;
  readonly template: PodTemplate;
  readonly maxMessageBytes: number;
  readonly drainGraceMs: number;
  readonly sessionGraceMs: number;
  readonly importTimeoutMs: number;
  readonly startTimeoutMs: number;
  /** Where Node keeps the module server's compiled code. */
  readonly codeCacheDir: string | undefined;
  /** Told of each change of the state. */
  readonly onChange: (pod: LocalPod) => void;
  /** Told of each report of the pod's load. */
  readonly onLoad: (pod: LocalPod) => void;
  /** The pod has ended; its process waits to be one like it again, and holds so many bytes. */
  readonly onParked: (process: PodProcess, bytes: number) => void;
}

/** One module server as a child process, from its start to what is known after its end. */
export class LocalPod {
  readonly log = new PodLog();
  readonly ended: Promise<void>;
  readonly #options: LocalPodOptions;
  readonly #files: PodFiles;
  readonly #createTime = Date.now();
  readonly #settleEnded: () => void;
  #state: Pod_State = Pod_State.STARTING;
  #readyTime: number | undefined;
  #endTime: number | undefined;
  #error: RpcStatus | undefined;
  #process: PodProcess | undefined;
  #stopHealth: () => void = () => {};
  #timer: NodeJS.Timeout | undefined;
  #asked = false;
  #cause: RpcStatus | undefined;
  #ending = false;
  #load: PodLoad | undefined;

  constructor(options: LocalPodOptions) {
    this.#options = options;
    this.#files = options.process?.files ?? filesIn(options.folder);
    const { promise, resolve } = Promise.withResolvers<void>();
    this.ended = promise;
    this.#settleEnded = resolve;
    try {
      this.#start();
    } catch (error) {
      queueMicrotask(() => this.#fail("POD_NOT_STARTED", `The pod's process could not be started: ${error}`));
    }
  }

  get isEnded(): boolean {
    return this.#endTime !== undefined;
  }

  /** What it told last of its load. */
  get load(): PodLoad | undefined {
    return this.#load;
  }

  view(): Pod {
    const { name, template } = this.#options;
    return {
      name,
      module: `modules/${template.moduleId}`,
      generation: template.generation,
      state: this.#state,
      createTime: timestampOf(this.#createTime),
      readyTime: this.#readyTime === undefined ? undefined : timestampOf(this.#readyTime),
      endTime: this.#endTime === undefined ? undefined : timestampOf(this.#endTime),
      error: this.#error,
      address: `unix:${this.#files.socket}`,
      callsInFlight: 0,
      sessions: this.#ending ? 0 : (this.#load?.sessions ?? 0),
    };
  }

  /** Running calls end, at most for the grace; then the process, unless it is kept to be another pod. */
  drain(keep: boolean): Promise<void> {
    if (!this.#asked && !this.#ending) {
      this.#asked = true;
      this.#become(Pod_State.DRAINING);
      // The router has heard it and writes what it has given out in this turn; the pod hears of it after that.
      setImmediate(() => {
        if (keep) this.#process?.order({ type: "park" });
        else this.#process?.terminate();
      });
      this.#within(this.#options.drainGraceMs + SLACK_MS, () => this.#kill());
    }
    return this.ended;
  }

  /** Ends the process, and all of its group, now. */
  delete(cause: RpcStatus | undefined): Promise<void> {
    if (!this.#ending) {
      this.#asked = true;
      this.#cause ??= cause;
      this.#become(Pod_State.DRAINING);
      this.#kill();
    }
    return this.ended;
  }

  /** Ends the process as the loss of this one would: workers first. */
  close(): Promise<void> {
    if (!this.#ending) {
      this.#asked = true;
      this.#become(Pod_State.DRAINING);
      this.#process?.disconnect();
      this.#within(CLOSE_MS, () => this.#kill());
    }
    return this.ended;
  }

  #start(): void {
    const { folder, template, main, process: waiting, ...settings } = this.#options;
    const files = this.#files;
    const variables = podEnvironment(process.env, template, files, settings);
    const used = waiting ?? new PodProcess(folder, main, () => variables);
    this.#process = used;
    this.#stopHealth = watchHealth(files.socket, (serving) => this.#onServing(serving));
    used.owner = {
      message: (message) => this.#onMessage(message),
      exited: (code, signal) => this.#onExit(code, signal),
      failed: (error) =>
        this.#fail("POD_NOT_STARTED", `The pod's process could not be started: ${error.message}`),
    };
    used.logTo(this.log);
    if (waiting !== undefined) used.order({ type: "specialize", variables });
    this.#within(settings.startTimeoutMs, () => this.#onStartTimeout());
  }

  #onServing(serving: boolean): void {
    if (this.#asked || this.#ending) return;
    if (serving) {
      clearTimeout(this.#timer);
      this.#readyTime ??= Date.now();
      this.#become(Pod_State.READY);
    } else {
      this.#become(Pod_State.STARTING);
      this.#within(this.#options.startTimeoutMs, () => this.#onStartTimeout());
    }
  }

  #onMessage(message: unknown): void {
    const parked = parseParked(message);
    if (parked !== undefined) this.#onParked(parked);
    const load = parseLoad(message);
    if (load === undefined) return;
    this.#load = load;
    this.#options.onLoad(this);
  }

  #onStartTimeout(): void {
    const last = this.log.lastErrors(ERROR_LINES);
    this.#asked = true;
    this.#cause = this.#status(
      "POD_START_TIMEOUT",
      `The pod was not ready within ${this.#options.startTimeoutMs} ms`,
      last,
    );
    this.#kill();
  }

  #onExit(code: number | null, signal: string | null): void {
    this.#ending = true;
    this.#stopHealth();
    clearTimeout(this.#timer);
    void this.#process?.drained().then(async () => {
      const { name, template } = this.#options;
      const outcome = outcomeOf({
        name,
        moduleId: template.moduleId,
        wasReady: this.#readyTime !== undefined,
        asked: this.#asked,
        cause: this.#cause,
        code,
        signal,
        terminationMessage: await readBounded(this.#files.terminationMessage, TERMINATION_MESSAGE_BYTES),
        lastErrors: this.log.lastErrors(ERROR_LINES),
      });
      await this.#process?.remove();
      this.#end(outcome.state, outcome.error);
    });
  }

  /** It is told that its process is no pod any more. */
  #onParked(bytes: number): void {
    const used = this.#process;
    if (used === undefined || this.#ending || !this.#asked) return;
    this.#ending = true;
    this.#stopHealth();
    clearTimeout(this.#timer);
    used.owner = undefined;
    used.logTo(undefined);
    this.#options.onParked(used, bytes);
    this.#end(Pod_State.SUCCEEDED, undefined);
  }

  /** There is no process to wait for. */
  #fail(reason: string, message: string): void {
    if (this.#ending) return;
    this.#ending = true;
    this.#stopHealth();
    clearTimeout(this.#timer);
    void Promise.resolve(this.#process?.remove()).then(() =>
      this.#end(Pod_State.FAILED, this.#status(reason, message, "")),
    );
  }

  #end(state: Pod_State, error: RpcStatus | undefined): void {
    this.#endTime = Date.now();
    this.#error = error;
    this.log.end();
    this.#become(state);
    this.#settleEnded();
  }

  #status(reason: string, message: string, debug: string): RpcStatus {
    const metadata = { module: this.#options.template.moduleId, pod: this.#options.name };
    return rpcStatus(Status.FAILED_PRECONDITION, reason, message, {
      metadata,
      ...(debug === "" ? {} : { debug }),
    });
  }

  #become(state: Pod_State): void {
    if (this.#state === state && this.#endTime === undefined) return;
    this.#state = state;
    this.#options.onChange(this);
  }

  #within(ms: number, then: () => void): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(then, ms);
  }

  #kill(): void {
    if (!this.#ending) this.#process?.kill();
  }
}
