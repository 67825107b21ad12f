import { execFile, execFileSync } from "node:child_process";
import { promisify } from "node:util";

const run = promisify(execFile);

/** Why tests that need Go are skipped; undefined where they run. Under CI=true nothing may be skipped. */
export function goMissing(): string | undefined {
  try {
    execFileSync("go", ["version"], { stdio: "ignore" });
    return undefined;
  } catch {
    if (process.env["CI"] === "true") throw new Error("CI=true, but there is no Go toolchain (`go`)");
    return "skipped: there is no Go toolchain (`go`) on this machine";
  }
}

/** The toolchain of the machine, whatever its user's flags are. */
export async function go(folder: string, ...args: string[]): Promise<void> {
  await run("go", args, { cwd: folder, env: { ...process.env, GOFLAGS: "" }, maxBuffer: 16 << 20 });
}
