import { spawn } from "node:child_process";
import { rm } from "node:fs/promises";
import { statusError, toStatus } from "@podule/grpc";
import { Status } from "nice-grpc";
import { boundedText } from "./bounded-text.ts";
import { uvVariables } from "./uv-variables.ts";
import { makeWorkingFolder } from "./working-folder.ts";

export interface UvOptions {
  /** The `uv` binary. */
  readonly uv: string;
  readonly cacheFolder: string;
  readonly variables?: Readonly<Record<string, string | undefined>>;
}

export interface UvRun {
  readonly signal: AbortSignal;
  readonly timeoutMs: number;
  readonly input?: string;
}

export interface UvResult {
  /** null: ended by a signal. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

const MAX_OUTPUT = 16 * 1024 * 1024;

/**
 * Runs the command in the background of a shell that also reads file descriptor 3: this process holds its other end, so that
 * the whole process group ends with this process, however that dies.
 */
const GUARD =
  'exec 4<&0; "$@" <&4 3<&- 4<&- & p=$!; (read -r x <&3; kill -9 0) 4<&- >/dev/null 2>&1 & g=$!; wait $p; c=$?; kill $g; exit $c';

/** Runs uv, or a Python, in its own process group, clean variables, and an empty working folder. */
export async function runUv(options: UvOptions, command: readonly string[], run: UvRun): Promise<UvResult> {
  run.signal.throwIfAborted();
  const folder = await makeWorkingFolder();
  try {
    return await runIn(folder, options, command, run);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function runIn(
  folder: string,
  options: UvOptions,
  command: readonly string[],
  run: UvRun,
): Promise<UvResult> {
  return new Promise((resolve, reject) => {
    const child = spawn("/bin/sh", ["-c", GUARD, "sh", ...command], {
      cwd: folder,
      env: uvVariables(options.variables ?? process.env, options.cacheFolder),
      detached: true,
      stdio: ["pipe", "pipe", "pipe", "pipe"],
    });
    let failure: unknown;
    const end = (cause: unknown) => {
      failure ??= cause;
      killGroup(child.pid);
    };
    const onAbort = () => end(run.signal.reason);
    const timer = setTimeout(
      () =>
        end(
          statusError(
            Status.DEADLINE_EXCEEDED,
            "ENVIRONMENT_TIMEOUT",
            `uv took longer than ${Math.round(run.timeoutMs / 1000)} s and was ended`,
          ),
        ),
      run.timeoutMs,
    );
    run.signal.addEventListener("abort", onAbort, { once: true });
    const stdout = boundedText(MAX_OUTPUT, "head");
    const stderr = boundedText(64 * 1024, "tail");
    const [stdin, out, err, guard] = child.stdio;
    out?.on("data", (chunk: Buffer) => stdout.add(chunk));
    err?.on("data", (chunk: Buffer) => stderr.add(chunk));
    // A child that ends early breaks its input; its exit says why.
    stdin?.on("error", () => {});
    guard?.on("error", () => {});
    if (stdin !== null && stdin !== undefined) stdin.end(run.input ?? "");
    const settle = () => {
      clearTimeout(timer);
      run.signal.removeEventListener("abort", onAbort);
      guard?.destroy();
    };
    child.once("error", (error) => {
      settle();
      reject(
        statusError(Status.UNAVAILABLE, "UV_FAILED", `uv cannot be started: ${toStatus(error).message}`),
      );
    });
    child.once("close", (code) => {
      settle();
      if (failure !== undefined) reject(failure);
      else if (stdout.truncated)
        reject(statusError(Status.RESOURCE_EXHAUSTED, "UV_FAILED", "uv said more than 16 MiB"));
      else resolve({ code, stdout: stdout.text(), stderr: stderr.text() });
    });
  });
}

function killGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, "SIGKILL");
  } catch {
    // It has ended meanwhile.
  }
}
