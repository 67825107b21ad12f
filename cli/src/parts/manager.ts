import { join } from "node:path";
import { managerMain } from "@podule/pod-manager";
import { UserError } from "../user-error.ts";
import { type Child, startChild } from "./child.ts";

export interface ManagerOptions {
  readonly env: NodeJS.ProcessEnv;
  readonly runDir: string;
  readonly uv: string;
  readonly onLine: (line: string) => void;
  readonly signal: AbortSignal;
}

export interface Manager {
  readonly address: string;
  readonly child: Child;
}

const START_MS = 30_000;

/** The pod manager on a socket in the run folder, once it serves. */
export async function startManager({ env, runDir, uv, onLine, signal }: ManagerOptions): Promise<Manager> {
  const { PORT: _port, ...rest } = env;
  const child = startChild(managerMain, {
    onLine,
    env: {
      ...rest,
      PODULE_LISTEN: `unix:${join(runDir, "manager.sock")}`,
      PODULE_RUN_DIR: runDir,
      PODULE_UV: uv,
    },
  });
  const kill = () => child.kill();
  const timer = setTimeout(kill, START_MS);
  signal.addEventListener("abort", kill, { once: true });
  try {
    return { address: await listening(child), child };
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", kill);
  }
}

async function listening(child: Child): Promise<string> {
  const address = new Promise<string>((resolve) => {
    child.onMessage((message) => {
      const said = listeningAddress(message);
      if (said !== undefined) resolve(said);
    });
  });
  const ended = child.exited.then(({ code, signal }) => {
    throw new UserError(
      `The pod manager did not start (${signal ?? `exit code ${code}`})\n${child.tail()}`.trimEnd(),
    );
  });
  return await Promise.race([address, ended]);
}

function listeningAddress(message: unknown): string | undefined {
  if (typeof message !== "object" || message === null) return undefined;
  if (!("type" in message) || message.type !== "listening" || !("address" in message)) return undefined;
  return typeof message.address === "string" ? message.address : undefined;
}
