import { type ChildProcess, fork } from "node:child_process";
import type { Readable } from "node:stream";

export interface ChildExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** A Node process of ours: it ends when the channel to this process is lost. */
export interface Child {
  readonly pid: number | undefined;
  /** Resolves when it has ended; never rejects. */
  readonly exited: Promise<ChildExit>;
  /** The last of what it printed. */
  tail(): string;
  onMessage(listener: (message: unknown) => void): void;
  /** SIGTERM, and SIGKILL if it is still there after `graceMs`. */
  stop(graceMs: number): Promise<void>;
  kill(): void;
}

const KEPT = 8192;

export interface ChildOptions {
  readonly env: NodeJS.ProcessEnv;
  /** Gets each line that it prints. */
  readonly onLine: (line: string) => void;
}

export function startChild(main: string, { env, onLine }: ChildOptions): Child {
  // A group of its own: Ctrl-C in the terminal reaches only this process, which ends its children in order.
  const child = fork(main, { env, detached: true, stdio: ["ignore", "pipe", "pipe", "ipc"] });
  let kept = "";
  const onText = (line: string) => {
    kept = `${kept}${line}\n`.slice(-KEPT);
    onLine(line);
  };
  if (child.stdout !== null) lines(child.stdout, onText);
  if (child.stderr !== null) lines(child.stderr, onText);
  const exited = ended(child);
  return {
    pid: child.pid,
    exited,
    tail: () => kept,
    onMessage: (listener) => void child.on("message", listener),
    async stop(graceMs) {
      child.kill("SIGTERM");
      const timer = setTimeout(() => child.kill("SIGKILL"), graceMs);
      await exited;
      clearTimeout(timer);
    },
    kill: () => void child.kill("SIGKILL"),
  };
}

function ended(child: ChildProcess): Promise<ChildExit> {
  return new Promise((resolve) => {
    child.once("error", () => resolve({ code: null, signal: null }));
    child.once("exit", (code, signal) => resolve({ code, signal }));
  });
}

const LONGEST_LINE = 16_384;

function lines(stream: Readable, onLine: (line: string) => void): void {
  let rest = "";
  stream.setEncoding("utf8").on("data", (chunk: string) => {
    const parts = (rest + chunk).split("\n");
    rest = (parts.pop() ?? "").slice(-LONGEST_LINE);
    for (const part of parts) onLine(part);
  });
  stream.once("end", () => {
    if (rest !== "") onLine(rest);
  });
}
