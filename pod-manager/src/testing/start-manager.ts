import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CallsDefinition } from "@podule/proto/podule/v1/calls.ts";
import { ModulesDefinition } from "@podule/proto/podule/v1/modules.ts";
import { PodsDefinition } from "@podule/proto/podule/v1/pods.ts";
import { createChannel, createClient } from "nice-grpc";
import { findUv } from "../environments/testing/find-uv.ts";
import { managerMain } from "../index.ts";

/** A pod manager as its own process, with folders of its own, and clients to it. */
export async function startManager(env: Readonly<Record<string, string>> = {}) {
  const folder = mkdtempSync(join(tmpdir(), "podule-m-"));
  const runDir = join(folder, "run");
  const child = spawn(process.execPath, [managerMain], {
    env: {
      ...process.env,
      PODULE_UV: findUv() ?? "uv",
      PODULE_LISTEN: "127.0.0.1:0",
      PODULE_RUN_DIR: runDir,
      PODULE_STATE_DIR: join(folder, "state"),
      PODULE_CACHE_DIR: join(folder, "cache"),
      PODULE_WARM_PODS: "0",
      PODULE_PARKED_PODS: "0",
      ...env,
    },
    stdio: ["ignore", "inherit", "inherit", "ipc"],
  });
  const address = await listening(child);
  const channel = createChannel(address);
  return {
    child,
    runDir,
    address,
    calls: createClient(CallsDefinition, channel),
    modules: createClient(ModulesDefinition, channel),
    pods: createClient(PodsDefinition, channel),
    /** All processes below the manager, workers too. */
    processes: () => below(child.pid ?? 0),
    /** The module server that listens at the address. */
    podProcess(podAddress: string): number {
      const folder = podAddress.slice("unix:".length, -"/s".length);
      const found = readdirSync("/proc").find(
        (pid) => /^\d+$/.test(pid) && parentOf(pid) === child.pid && cwdOf(pid) === folder,
      );
      if (found === undefined) throw new Error(`No process listens at ${podAddress}`);
      return Number(found);
    },
    async end(signal: NodeJS.Signals) {
      channel.close();
      const exited = once(child, "exit");
      if (child.exitCode === null && child.signalCode === null) {
        child.kill(signal);
        await exited;
      }
      return child.exitCode;
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

async function listening(child: ChildProcess): Promise<string> {
  const exited = once(child, "exit").then(([code]) => {
    throw new Error(`The manager exited with ${String(code)}`);
  });
  const [message] = await Promise.race([once(child, "message"), exited]);
  const { address }: { address?: unknown } = message;
  if (typeof address !== "string") throw new Error("The manager sent another message");
  return address;
}

function below(pid: number): number[] {
  const parents = new Map<number, number>();
  for (const entry of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
    const parent = parentOf(entry);
    if (parent !== undefined) parents.set(Number(entry), parent);
  }
  const found = new Set([pid]);
  for (let size = 0; size !== found.size; ) {
    size = found.size;
    for (const [one, parent] of parents) if (found.has(parent)) found.add(one);
  }
  found.delete(pid);
  return [...found];
}

/** Undefined for one that has ended, zombies too. */
function parentOf(pid: string): number | undefined {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ").at(-1)?.split(" ") ?? [];
    return fields[0] === "Z" ? undefined : Number(fields[1]);
  } catch {
    return undefined;
  }
}

function cwdOf(pid: string): string {
  try {
    return readlinkSync(`/proc/${pid}/cwd`);
  } catch {
    return "";
  }
}

export function isRunning(pid: number): boolean {
  return parentOf(String(pid)) !== undefined;
}
