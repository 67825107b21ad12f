import { spawn } from "node:child_process";

export interface Outcome {
  /** Undefined when the program could not be started. */
  readonly code: number | undefined;
  readonly output: string;
}

const KEPT = 64 * 1024;

/** Runs a program to its end; keeps the last 64 KiB of what it printed. */
export function run(
  program: string,
  args: readonly string[],
  options: { cwd?: string; signal?: AbortSignal } = {},
): Promise<Outcome> {
  return new Promise((resolve) => {
    let output = "";
    const keep = (chunk: string) => {
      output = (output + chunk).slice(-KEPT);
    };
    const child = spawn(program, args, { ...options, stdio: ["ignore", "pipe", "pipe"] });
    child.stdout.setEncoding("utf8").on("data", keep);
    child.stderr.setEncoding("utf8").on("data", keep);
    child.once("error", (error) => resolve({ code: undefined, output: `${output}${error.message}` }));
    child.once("close", (code) => resolve({ code: code ?? -1, output }));
  });
}
