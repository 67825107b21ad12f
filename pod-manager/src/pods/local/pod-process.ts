import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync } from "node:fs";
import { rm } from "node:fs/promises";
import { killGroup } from "./kill-group.ts";
import { filesIn, type PodFiles } from "./pod-environment.ts";
import type { PodLog } from "./pod-log.ts";

/** After the process has ended: for what is still in its pipes. */
const PIPES_MS = 500;

/** Who uses the process at the moment. */
export interface PodProcessOwner {
  message(message: unknown): void;
  /** It is gone; what it has printed may still be in its pipes. */
  exited(code: number | null, signal: string | null): void;
  /** It could not be started. */
  failed(error: Error): void;
}

/** A module server as a child process, with a private folder: one pod, or several, one after the other. */
export class PodProcess {
  readonly files: PodFiles;
  owner: PodProcessOwner | undefined;
  readonly #folder: string;
  readonly #child: ChildProcess;
  readonly #closed: Promise<void>;
  #exited = false;
  #detach: () => void = () => {};

  /** Throws where the folder cannot be made or the process not be started. `folder` is made here, and removed by `remove`. */
  constructor(folder: string, main: string, environment: (files: PodFiles) => Record<string, string>) {
    this.#folder = folder;
    this.files = filesIn(folder);
    mkdirSync(folder, { mode: 0o700 });
    mkdirSync(this.files.temporary, { mode: 0o700 });
    const child = spawn(process.execPath, [main], {
      cwd: folder,
      env: environment(this.files),
      stdio: ["ignore", "pipe", "pipe", "ipc"],
      detached: true,
    });
    this.#child = child;
    this.#closed = new Promise((resolve) => child.once("close", () => resolve()));
    child.on("message", (message) => this.owner?.message(message));
    child.once("exit", (code, signal) => {
      this.#exited = true;
      this.owner?.exited(code, signal);
    });
    child.on("error", (error) => {
      if (child.pid !== undefined) return;
      this.#exited = true;
      this.owner?.failed(error);
    });
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  get isAlive(): boolean {
    return !this.#exited && this.#child.connected;
  }

  /** What it prints goes there from now on; nowhere: it stays in the pipes. */
  logTo(log: PodLog | undefined): void {
    this.#detach();
    const { stdout, stderr } = this.#child;
    if (log === undefined || stdout === null || stderr === null) {
      this.#detach = () => {};
      return;
    }
    const detached = [log.attach(stdout, 1), log.attach(stderr, 2)];
    this.#detach = () => {
      for (const detach of detached) detach();
    };
  }

  order(
    order:
      | { readonly type: "specialize"; readonly variables: Record<string, string> }
      | { readonly type: "park" },
  ): void {
    if (this.isAlive) this.#child.send(order, () => {});
  }

  terminate(): void {
    this.#child.kill("SIGTERM");
  }

  /** It ends by itself, its own processes first. */
  disconnect(): void {
    if (this.#child.connected) this.#child.disconnect();
  }

  kill(): void {
    if (this.#child.pid !== undefined && !this.#exited) killGroup(this.#child.pid);
  }

  /** After its exit: all that it has printed has been read, or does not come to its end. */
  async drained(): Promise<void> {
    // A process that the module left behind may hold the pipes for ever.
    await Promise.race([this.#closed, new Promise((resolve) => setTimeout(resolve, PIPES_MS).unref())]);
    this.#child.stdout?.destroy();
    this.#child.stderr?.destroy();
  }

  async remove(): Promise<void> {
    await rm(this.#folder, { recursive: true, force: true, maxRetries: 3 }).catch(() => {});
  }
}
