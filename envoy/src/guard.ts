import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, openSync, readFileSync } from "node:fs";
import { rm } from "node:fs/promises";
import { type FromGuard, type GuardOptions, STOP } from "./guard-messages.ts";

/**
 * The parent of Envoy, which cannot notice the death of its own: ends it when told to or when the channel to the launcher is lost, then
 * removes the run folder. It has a session of its own, so that Ctrl-C in a terminal does not reach it.
 */
const KILL_AFTER_MS = 3000;

function main(options: GuardOptions): void {
  const log = openSync(options.log, "a", 0o600);
  const child = spawn(options.binary, options.args, { stdio: ["ignore", "inherit", log] });
  closeSync(log);

  let ended = false;
  const end = (exit: Omit<Extract<FromGuard, { type: "exited" }>, "type">) => {
    if (ended) return;
    ended = true;
    tell({ type: "exited", ...exit });
    if (!process.connected) void leave(options.runDir);
  };
  child.once("error", (error) => end({ code: null, signal: null, log: error.message }));
  child.once("exit", (code, signal) => end({ code, signal, log: tail(options.log) }));
  if (child.pid !== undefined) tell({ type: "started", pid: child.pid });

  const stop = () => {
    if (!ended) terminate(child);
  };
  process.on("message", (message) => {
    if (message === STOP) stop();
  });
  process.once("disconnect", () => {
    if (ended) void leave(options.runDir);
    else stop();
  });
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, stop);
  if (!process.connected) stop();
}

function terminate(child: ChildProcess): void {
  child.kill("SIGTERM");
  setTimeout(() => child.kill("SIGKILL"), KILL_AFTER_MS).unref();
}

function tell(message: FromGuard): void {
  if (process.connected) process.send?.(message, () => {});
}

async function leave(runDir: string): Promise<void> {
  // The pod manager may still be ending its pods, with sockets in there.
  await rm(runDir, { recursive: true, force: true, maxRetries: 20, retryDelay: 50 }).catch(() => {});
  process.exit(0);
}

function tail(file: string): string {
  try {
    return readFileSync(file, "utf8").slice(-4096);
  } catch {
    return "";
  }
}

const [json = ""] = process.argv.slice(2);
const options: GuardOptions = JSON.parse(json);
main(options);
