import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export const ROOT = fileURLToPath(new URL("../../..", import.meta.url));

/** A program of an npm package, or a file of the repository. */
export const inRoot = (...parts: string[]) => join(ROOT, ...parts);

export interface TestContext {
  /** What the tests' processes are given: among others where the tools are. */
  readonly env: NodeJS.ProcessEnv;
  readonly signal: AbortSignal;
}

/** Runs a program in the root folder with its output shown as it comes; its exit code, or -1. */
export function show(
  program: string,
  args: readonly string[],
  { env, signal }: TestContext,
  options: { cwd?: string } = {},
): Promise<number> {
  return new Promise((resolve) => {
    const child = spawn(program, args, {
      env,
      cwd: options.cwd ?? ROOT,
      stdio: ["ignore", "inherit", "inherit"],
    });
    const stop = () => child.kill("SIGTERM");
    signal.addEventListener("abort", stop, { once: true });
    const end = (code: number) => {
      signal.removeEventListener("abort", stop);
      resolve(code);
    };
    child.once("error", (error) => {
      console.error(`${program}: ${error.message}`);
      end(-1);
    });
    child.once("exit", (code) => end(code ?? -1));
  });
}

/** Gives `work` the path of a report to write, and returns what it wrote; empty if nothing. */
export async function withReport(work: (file: string) => Promise<unknown>): Promise<string> {
  const file = join(tmpdir(), `podule-report-${randomUUID()}`);
  try {
    await work(file);
    return await readFile(file, "utf8").catch(() => "");
  } finally {
    await rm(file, { force: true });
  }
}
