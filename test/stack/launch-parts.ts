import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { cacheDir } from "@podule/cli";
import { startEnvoy } from "@podule/envoy";
import { remaining } from "./processes.ts";
import type { StackOptions } from "./stack.ts";
import { ROOT, tool } from "./tools.ts";

export interface Launched {
  readonly address: string;
  log(): string;
  /** `crashed`: a part was killed, so its exit code is not looked at. */
  stop(crashed: boolean): Promise<void>;
}

/** Envoy in front of one or more managers, without the command. */
export async function launchParts(
  folder: string,
  stateDir: string,
  options: StackOptions,
): Promise<Launched> {
  const lines: string[] = [];
  const managers: ChildProcess[] = [];
  const addresses: string[] = [];
  const runDirs: string[] = [];
  try {
    for (let i = 0; i < (options.managers ?? 1); i++) {
      const runDir = join(folder, `m${i}`);
      runDirs.push(runDir);
      const { manager, listening } = await forkManager({
        runDir,
        stateDir: i === 0 ? stateDir : `${stateDir}-${i}`,
        env: options.env ?? {},
        lines,
      });
      managers.push(manager);
      addresses.push(await listening);
    }
    const envoyDir = join(folder, "envoy");
    await mkdir(envoyDir, { mode: 0o700 });
    const envoy = await startEnvoy({
      binary: await tool("envoy"),
      runDir: envoyDir,
      params: { listen: "127.0.0.1:0", upstreams: { kind: "static", addresses } },
    });
    return {
      address: envoy.address,
      log: () => lines.join(""),
      async stop(crashed) {
        await envoy.stop();
        await Promise.all(managers.map(end));
        // The command removes the run folder of a manager that was killed; here it is the harness's.
        if (crashed) await Promise.all(runDirs.map((runDir) => rm(runDir, { recursive: true, force: true })));
      },
    };
  } catch (error) {
    for (const manager of managers) manager.kill("SIGKILL");
    await remaining(folder, 5000);
    throw error;
  }
}

export interface ManagerOptions {
  readonly runDir: string;
  readonly stateDir: string;
  readonly env: Readonly<Record<string, string>>;
  /** Gets what it prints. */
  readonly lines: string[];
}

/** `listening`: its address, once it serves. */
export async function forkManager(
  options: ManagerOptions,
): Promise<{ manager: ChildProcess; listening: Promise<string> }> {
  const { runDir, stateDir, env, lines } = options;
  await mkdir(runDir, { mode: 0o700, recursive: true });
  const manager = fork(join(ROOT, "pod-manager/src/main.ts"), {
    stdio: ["ignore", "pipe", "pipe", "ipc"],
    env: {
      ...process.env,
      PODULE_LISTEN: `unix:${join(runDir, "manager.sock")}`,
      PODULE_STATE_DIR: stateDir,
      PODULE_CACHE_DIR: cacheDir(process.env),
      PODULE_RUN_DIR: runDir,
      PODULE_UV: await tool("uv"),
      ...env,
    },
  });
  for (const output of [manager.stdout, manager.stderr])
    output?.on("data", (chunk: Buffer) => lines.push(chunk.toString()));
  return { manager, listening: listening(manager, lines) };
}

async function listening(manager: ChildProcess, lines: readonly string[]): Promise<string> {
  const ended = once(manager, "exit").then(([code]) => {
    throw new Error(`The manager ended with ${String(code)}: ${lines.join("")}`);
  });
  const [message]: unknown[] = await Promise.race([once(manager, "message"), ended]);
  ended.catch(() => undefined);
  if (
    typeof message === "object" &&
    message !== null &&
    "address" in message &&
    typeof message.address === "string"
  )
    return message.address;
  throw new Error(`Not the message of a manager that listens: ${JSON.stringify(message)}`);
}

export async function end(manager: ChildProcess): Promise<void> {
  if (manager.exitCode !== null || manager.signalCode !== null) return;
  const exited = once(manager, "exit");
  manager.kill("SIGTERM");
  await exited;
}
