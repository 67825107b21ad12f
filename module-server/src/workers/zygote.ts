import { type ChildProcess, spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { RpcStatus } from "@podule/grpc";
import { rpcStatus } from "@podule/grpc";
import { decodeStatus } from "@podule/session";
import { Status } from "nice-grpc-common";
import type { Concurrency } from "../config.ts";
import { killGroup } from "./kill.ts";
import type { Link, LinkEvents } from "./link.ts";
import { Kind } from "./link-codec.ts";
import { type LinkJson, parseJson } from "./link-server.ts";

const RUN = fileURLToPath(new URL("../../worker/run.py", import.meta.url));

/** Between the end of its link and the end of the process, whichever comes first. */
const WAIT_MS = 1000;

export interface ZygoteOptions {
  readonly python: string;
  readonly moduleName: string;
  readonly modulePath: string | undefined;
  readonly memoryLimit: number | undefined;
  readonly importTimeoutMs: number;
  readonly concurrency: Concurrency;
  readonly socketPath: string;
  readonly progressFolder: string;
}

export interface Exit {
  readonly code: number | null;
  readonly signal: number | null;
}

export interface ZygoteListener {
  /** The module is imported; workers can be forked. `report`: what Python says of it. */
  imported(report: LinkJson): void;
  forked(worker: number, pid: number): void;
  exited(worker: number, exit: Exit): void;
  /** It is gone, and its workers with it: `failure` where the module was never imported. */
  gone(failure: RpcStatus | undefined, words: string): void;
}

/** The Python process that has the module imported and forks workers. */
export class Zygote implements LinkEvents {
  readonly #options: ZygoteOptions;
  readonly #listener: ZygoteListener;
  readonly #child: ChildProcess;
  readonly #timer: NodeJS.Timeout;
  #link: Link | undefined;
  #imported = false;
  #gone = false;
  #exited = false;
  #linkClosed = false;
  #exitWords: string | undefined;
  #failure: RpcStatus | undefined;

  constructor(options: ZygoteOptions, listener: ZygoteListener) {
    this.#options = options;
    this.#listener = listener;
    const args = ["-I", "-B", RUN, "--socket", options.socketPath, "--module", options.moduleName];
    if (options.modulePath !== undefined) args.push("--path", options.modulePath);
    if (options.memoryLimit !== undefined) args.push("--memory-limit", String(options.memoryLimit));
    args.push("--progress", options.progressFolder);
    const { model, limit } = options.concurrency;
    if (model !== "one") args.push(`--${model}`, String(limit));
    this.#child = spawn(options.python, args, { stdio: ["ignore", "inherit", "inherit"] });
    this.#child.once("error", (error) => this.#onSpawnError(error));
    this.#child.once("exit", (code, name) => this.#onExit(code, name));
    this.#timer = setTimeout(() => this.#onTimeout(), options.importTimeoutMs);
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** Its link has said hello. False: it has one already. */
  connect(link: Link): boolean {
    if (this.#link !== undefined || this.#gone) return false;
    this.#link = link;
    return true;
  }

  fork(worker: number): void {
    this.#link?.send(Kind.FORK, worker);
  }

  /** It ends, as it does by itself when its link has ended. */
  disconnect(): void {
    this.#link?.destroy();
  }

  kill(): void {
    if (this.#child.pid !== undefined && !this.#exited) killGroup(this.#child.pid);
  }

  frame(kind: number, id: number, payload: Buffer): void {
    switch (kind) {
      case Kind.IMPORTED:
        this.#imported = true;
        clearTimeout(this.#timer);
        this.#listener.imported(parseJson(payload));
        return;
      case Kind.IMPORT_FAILED:
        this.#failure ??=
          decodeStatus(payload) ??
          rpcStatus(
            Status.FAILED_PRECONDITION,
            "IMPORT_FAILED",
            `Python cannot import ${this.#options.moduleName}`,
          );
        this.kill();
        return;
      case Kind.FORKED: {
        const pid = integer(parseJson(payload).pid);
        if (pid !== null) this.#listener.forked(id, pid);
        return;
      }
      case Kind.EXITED: {
        const { code, signal } = parseJson(payload);
        this.#listener.exited(id, { code: integer(code), signal: integer(signal) });
        return;
      }
      default:
        this.kill();
    }
  }

  oversize(): void {
    this.kill();
  }

  chunkEnd(): void {}

  drain(): void {}

  closed(): void {
    this.#linkClosed = true;
    // It ends with its link; if it does not, it is stuck.
    if (this.#exitWords === undefined) setTimeout(() => this.kill(), WAIT_MS).unref();
    else this.#end();
  }

  #onTimeout(): void {
    const { moduleName, importTimeoutMs } = this.#options;
    this.#failure ??= rpcStatus(
      Status.DEADLINE_EXCEEDED,
      "IMPORT_TIMEOUT",
      `The import of ${moduleName} did not end within ${importTimeoutMs} ms`,
    );
    this.kill();
  }

  #onSpawnError(error: Error): void {
    this.#failure ??= rpcStatus(
      Status.FAILED_PRECONDITION,
      "PYTHON_NOT_STARTED",
      `${this.#options.python} cannot be started: ${error.message}`,
    );
    if (this.#child.pid !== undefined) return;
    this.#exitWords = "was not started";
    this.#end();
  }

  #onExit(code: number | null, signal: NodeJS.Signals | null): void {
    this.#exitWords = signal === null ? `ended itself with the exit code ${code}` : `was ended by ${signal}`;
    this.#exited = true;
    // What it has sent is still to be read.
    if (this.#link === undefined || this.#linkClosed) this.#end();
    else setTimeout(() => this.#end(), WAIT_MS);
  }

  #end(): void {
    if (this.#gone) return;
    this.#gone = true;
    clearTimeout(this.#timer);
    const { moduleName } = this.#options;
    const words = this.#exitWords ?? "is gone";
    if (!this.#imported)
      this.#failure ??= rpcStatus(
        Status.FAILED_PRECONDITION,
        "IMPORT_CRASHED",
        `Python ${words} while it imported ${moduleName}`,
      );
    this.#listener.gone(this.#failure, words);
    this.#link?.destroy();
  }
}

function integer(value: unknown): number | null {
  return typeof value === "number" && Number.isSafeInteger(value) ? value : null;
}
