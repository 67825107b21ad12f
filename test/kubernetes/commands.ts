import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { ROOT } from "../stack/tools.ts";

const execute = promisify(execFile);
const MAX_BUFFER = 64 * 1024 * 1024;

/** `podule ...`, as a user calls it; resolves with what it prints. */
export async function podule(args: readonly string[]): Promise<string> {
  return run(process.execPath, [join(ROOT, "cli/src/main.ts"), ...args]);
}

/** kubectl of the test cluster (`KUBECONFIG`). */
export async function kubectl(args: readonly string[], input?: string): Promise<string> {
  return run(process.env["PODULE_KUBECTL"] ?? "kubectl", args, input);
}

async function run(file: string, args: readonly string[], input?: string): Promise<string> {
  try {
    const running = execute(file, [...args], { maxBuffer: MAX_BUFFER });
    if (input !== undefined) running.child.stdin?.end(input);
    return (await running).stdout;
  } catch (error) {
    const words = error instanceof Error && "stderr" in error ? String(error.stderr) : String(error);
    throw new Error(`${file} ${args.join(" ")}: ${words.slice(-4000)}`, { cause: error });
  }
}
