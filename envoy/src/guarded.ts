import { spawn } from "node:child_process";
import { once } from "node:events";
import { rm } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { type FromGuard, type GuardOptions, STOP } from "./guard-messages.ts";

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** The last of what it said. */
  readonly log: string;
}

export interface Guarded {
  readonly pid: number;
  readonly exited: Promise<Exit>;
  /** Resolves once the process has ended and its run folder is gone. */
  stop(): Promise<void>;
}

const GUARD = fileURLToPath(new URL("./guard.ts", import.meta.url));

/** Starts a binary below a guard (see `guard.ts`). Throws when it cannot be started. */
export async function startGuard(options: GuardOptions): Promise<Guarded> {
  const guard = spawn(process.execPath, [GUARD, JSON.stringify(options)], {
    detached: true,
    stdio: ["ignore", "inherit", "inherit", "ipc"],
  });
  const guardEnded = once(guard, "exit").catch(() => []);
  let pid: number | undefined;
  let exit: Exit | undefined;
  const exited = new Promise<Exit>((resolve) => {
    guard.on("message", (message: FromGuard) => {
      if (message.type === "started") pid = message.pid;
      else resolve(message);
    });
    void guardEnded.then(() => {
      if (exit !== undefined) return;
      // Somebody killed the guard: what it guarded must not stay.
      if (pid !== undefined) killQuietly(pid);
      resolve({ code: null, signal: "SIGKILL", log: "Its guard process was killed." });
    });
  });
  void exited.then((how) => {
    exit = how;
  });
  const started = new Promise<void>((resolve) => {
    guard.on("message", (message: FromGuard) => {
      if (message.type === "started") resolve();
    });
  });
  await Promise.race([started, exited]);
  const stop = async () => {
    if (guard.connected && exit === undefined) guard.send(STOP, () => {});
    await exited;
    if (guard.connected) guard.disconnect();
    await guardEnded;
    await rm(options.runDir, { recursive: true, force: true, maxRetries: 5 });
  };
  if (pid === undefined) {
    const { log } = await exited;
    await stop();
    throw new Error(`${options.binary} could not be started: ${log}`);
  }
  return { pid, exited, stop };
}

function killQuietly(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // Already gone.
  }
}
