import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { ROOT } from "./tools.ts";

const MAIN = join(ROOT, "cli/src/main.ts");

export interface PoduleRun {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface PoduleOptions {
  readonly input?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Gets what it prints, as it comes, and how to end it: only the first signal is sent, a second one would be a second Ctrl-C. */
  readonly onOutput?: (printed: string, kill: (signal: NodeJS.Signals) => void) => void;
}

/** The command `podule` as a process of its own, at the service of this address. */
export async function podule(
  address: string,
  args: readonly string[],
  { input = "", env, onOutput }: PoduleOptions = {},
): Promise<PoduleRun> {
  const child = spawn(process.execPath, [MAIN, ...args], {
    env: { ...process.env, POD_MANAGER_URL: address, ...env },
    stdio: ["pipe", "pipe", "pipe"],
  });
  let printed = "";
  let signalled = false;
  const kill = (signal: NodeJS.Signals) => {
    if (!signalled) child.kill(signal);
    signalled = true;
  };
  child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
    printed += chunk;
    onOutput?.(printed, kill);
  });
  // One that has ended does not read.
  child.stdin.on("error", () => undefined);
  child.stdin.end(input);
  const [stderr, [code]] = await Promise.all([text(child.stderr), once(child, "close")]);
  return { code: typeof code === "number" ? code : null, stdout: printed, stderr };
}

const SIZED = 'stty rows 40 cols 100; exec "$@"';
const PTY = "import os, pty, sys; sys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[1:])))";

/** The same at a terminal: each entry of `script` is typed once its `after` has been printed behind the entry before. */
export async function poduleAtTerminal(
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
  script: readonly { readonly after: string; readonly type: string }[] = [],
): Promise<{ code: number | null; printed: string }> {
  const child = spawn("python3", ["-c", PTY, "sh", "-c", SIZED, "sh", process.execPath, MAIN, ...args], {
    env: { ...process.env, TERM: "xterm", ...env },
    stdio: ["pipe", "pipe", "inherit"],
  });
  let printed = "";
  let seen = 0;
  let at = 0;
  child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
    printed += chunk;
    for (let next = script[at]; next !== undefined; next = script[++at]) {
      const found = printed.indexOf(next.after, seen);
      if (found < 0) return;
      seen = printed.length;
      child.stdin.write(next.type);
    }
  });
  const [code] = await once(child, "close");
  return { code: typeof code === "number" ? code : null, printed };
}
