import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { cacheDir } from "@podule/cli";
import type { Launched } from "./launch-parts.ts";
import { ROOT } from "./tools.ts";

export interface CommandOptions {
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly stateDir: string;
  /** Its temporary folder: all that it makes while it runs is below. */
  readonly folder: string;
}

export interface Command {
  readonly child: ChildProcess;
  readonly exited: Promise<{ code: number | null; signal: string | null }>;
  log(): string;
  /** Resolves with the first line that matches; rejects when it ends before. */
  line(pattern: RegExp): Promise<RegExpExecArray>;
}

/** `podule start` as its own process, on a free port and without a first module unless `env` says otherwise. */
export function startCommand({ args = [], env, stateDir, folder }: CommandOptions): Command {
  const child = fork(join(ROOT, "cli/src/main.ts"), ["start", ...args], {
    stdio: ["ignore", "pipe", "pipe", "ipc"],
    env: {
      ...process.env,
      PORT: "0",
      PODULE_MODULE: "",
      PODULE_STATE_DIR: stateDir,
      PODULE_CACHE_DIR: cacheDir(process.env),
      TMPDIR: folder,
      ...env,
    },
  });
  const exited = once(child, "exit").then(([code, signal]: (number | string | null)[]) => ({
    code: typeof code === "number" ? code : null,
    signal: typeof signal === "string" ? signal : null,
  }));
  const lines: string[] = [];
  const waiting = new Set<(line: string) => void>();
  for (const output of [child.stdout, child.stderr]) {
    if (output === null) continue;
    createInterface({ input: output }).on("line", (line) => {
      lines.push(line);
      for (const listener of waiting) listener(line);
    });
  }
  return {
    child,
    exited,
    log: () => lines.join("\n"),
    line: (pattern) =>
      new Promise((resolve, reject) => {
        const look = (line: string) => {
          const match = pattern.exec(line);
          if (match === null) return;
          waiting.delete(look);
          resolve(match);
        };
        waiting.add(look);
        lines.forEach(look);
        void exited.then((exit) =>
          reject(new Error(`It ended (${JSON.stringify(exit)}) before ${pattern}:\n${lines.join("\n")}`)),
        );
      }),
  };
}

export async function launchCommand(options: CommandOptions): Promise<Launched> {
  const command = startCommand(options);
  const [, address = ""] = await command.line(/Serving on (\S+) until/);
  return {
    address,
    log: command.log,
    async stop(crashed) {
      command.child.kill("SIGTERM");
      const exit = await command.exited;
      if (!crashed && exit.code !== 0)
        throw new Error(`It ended with ${JSON.stringify(exit)}:\n${command.log()}`);
    },
  };
}
