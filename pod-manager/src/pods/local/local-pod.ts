import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { type RpcStatus, rpcStatus } from "@podule/grpc";
import { type Pod, Pod_State } from "@podule/proto/podule/v1/pods.ts";
import { Status } from "nice-grpc-common";
import type { PodLoad, PodTemplate } from "../pod-backend.ts";
import { timestampOf } from "../timestamp.ts";
import { killGroup } from "./kill-group.ts";
import { outcomeOf } from "./pod-end.ts";
import { podEnvironment } from "./pod-environment.ts";
import { parseLoad } from "./pod-load.ts";
import { PodLog } from "./pod-log.ts";
import { readBounded } from "./read-bounded.ts";
import { watchHealth } from "./watch-health.ts";

/** After the process has ended: for what is still in its pipes. */
const PIPES_MS = 500;
/** Beyond the drain grace, or after the loss of the IPC channel: for the pod to end by itself. */
const SLACK_MS = 5000;
const CLOSE_MS = 2000;
const ERROR_LINES = 20;
const TERMINATION_MESSAGE_BYTES = 65_536;

export interface LocalPodOptions {
  /** "pods/numpy-x7k2p". */
  readonly name: string;
  /** The pod's private folder; made here, removed at its end. */
  readonly folder: string;
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
}

/** One module server as a child process, from its start to what is known after its end. */
export class LocalPod {
  readonly log = new PodLog();
  readonly ended: Promise<void>;
  readonly #options: LocalPodOptions;
  readonly #socket: string;
  readonly #terminationMessage: string;
  readonly #createTime = Date.now();
  readonly #settleEnded: () => void;
  #state: Pod_State = Pod_State.STARTING;
  #readyTime: number | undefined;
  #endTime: number | undefined;
  #error: RpcStatus | undefined;
  #child: ChildProcess | undefined;
  #stopHealth: () => void = () => {};
  #timer: NodeJS.Timeout | undefined;
  #asked = false;
  #cause: RpcStatus | undefined;
  #ending = false;
  #load: PodLoad | undefined;

  constructor(options: LocalPodOptions) {
    this.#options = options;
    this.#socket = join(options.folder, "s");
    this.#terminationMessage = join(options.folder, "end");
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
      address: `unix:${this.#socket}`,
      callsInFlight: 0,
      sessions: this.#ending ? 0 : (this.#load?.sessions ?? 0),
    };
  }

  /** Running calls end, at most for the grace; then the process. */
  drain(): Promise<void> {
    if (!this.#asked && !this.#ending) {
      this.#asked = true;
      this.#become(Pod_State.DRAINING);
      // The router has heard it and writes what it has given out in this turn; the signal comes after that.
      setImmediate(() => this.#child?.kill("SIGTERM"));
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
      if (this.#child?.connected) this.#child.disconnect();
      this.#within(CLOSE_MS, () => this.#kill());
    }
    return this.ended;
  }

  #start(): void {
    const { folder, template, main, onChange: _, onLoad: __, ...settings } = this.#options;
    const temporary = join(folder, "t");
    mkdirSync(folder, { mode: 0o700 });
    mkdirSync(temporary, { mode: 0o700 });
    this.#stopHealth = watchHealth(this.#socket, (serving) => this.#onServing(serving));
    const files = { socket: this.#socket, terminationMessage: this.#terminationMessage, temporary };
    const child = spawn(process.execPath, [main], {
      cwd: folder,
      env: podEnvironment(process.env, template, files, settings),
      stdio: ["ignore", "pipe", "pipe", "ipc"],
      detached: true,
    });
    this.#child = child;
    if (child.stdout !== null) this.log.attach(child.stdout, 1);
    if (child.stderr !== null) this.log.attach(child.stderr, 2);
    child.on("message", (message) => this.#onMessage(message));
    child.once("exit", (code, signal) => this.#onExit(code, signal));
    child.on("error", (error) => {
      if (child.pid === undefined)
        this.#fail("POD_NOT_STARTED", `The pod's process could not be started: ${error.message}`);
    });
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
    const child = this.#child;
    const pipes = new Promise<void>((resolve) => {
      child?.once("close", () => resolve());
      // A process that the module left behind may hold the pipes for ever.
      setTimeout(resolve, PIPES_MS).unref();
    });
    void pipes.then(async () => {
      child?.stdout?.destroy();
      child?.stderr?.destroy();
      const { name, template } = this.#options;
      const outcome = outcomeOf({
        name,
        moduleId: template.moduleId,
        wasReady: this.#readyTime !== undefined,
        asked: this.#asked,
        cause: this.#cause,
        code,
        signal,
        terminationMessage: await readBounded(this.#terminationMessage, TERMINATION_MESSAGE_BYTES),
        lastErrors: this.log.lastErrors(ERROR_LINES),
      });
      await this.#end(outcome.state, outcome.error);
    });
  }

  /** There is no process to wait for. */
  #fail(reason: string, message: string): void {
    if (this.#ending) return;
    this.#ending = true;
    this.#stopHealth();
    clearTimeout(this.#timer);
    void this.#end(Pod_State.FAILED, this.#status(reason, message, ""));
  }

  async #end(state: Pod_State, error: RpcStatus | undefined): Promise<void> {
    await rm(this.#options.folder, { recursive: true, force: true, maxRetries: 3 }).catch(() => {});
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
    if (this.#child?.pid !== undefined && !this.#ending) killGroup(this.#child.pid);
  }
}
