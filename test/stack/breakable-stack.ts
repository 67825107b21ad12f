import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Envoy, startEnvoy } from "@podule/envoy";
import { type Connection, connect } from "./client.ts";
import { end, forkManager } from "./launch-parts.ts";
import { type Part, type Process, processesOf, remaining } from "./processes.ts";
import { tool } from "./tools.ts";

/** Podule whose Envoy and manager can be killed and come back at the same address, as under a supervisor. */
export interface BreakableStack {
  readonly address: string;
  readonly connection: Connection;
  processes(): Process[];
  pids(part: Part): number[];
  /** Kills it; resolves when another one serves. */
  replaceEnvoy(pauseMs?: number): Promise<void>;
  replaceManager(): Promise<void>;
  stop(): Promise<void>;
}

export async function startBreakableStack(
  env: Readonly<Record<string, string>> = {},
): Promise<BreakableStack> {
  const folder = await mkdtemp(join(tmpdir(), "podule-b-"));
  const lines: string[] = [];
  let count = 0;
  const newManager = async (): Promise<ChildProcess> => {
    const options = { runDir: join(folder, "m"), stateDir: join(folder, "state"), env, lines };
    const { manager, listening } = await forkManager(options);
    await listening;
    return manager;
  };
  const newEnvoy = async (listen: string): Promise<Envoy> =>
    startEnvoy({
      binary: await tool("envoy"),
      runDir: join(folder, `e${count++}`),
      params: {
        listen,
        upstreams: { kind: "static", addresses: [`unix:${join(folder, "m", "manager.sock")}`] },
      },
    });
  let manager = await newManager();
  let envoy = await newEnvoy("127.0.0.1:0");
  const { address } = envoy;
  const connection = connect(address);
  const pids = (part: Part) => processesOf(folder).flatMap((one) => (one.part === part ? [one.pid] : []));

  const untilServing = async (): Promise<void> => {
    for (const end = Date.now() + 30_000; Date.now() < end; ) {
      const answer = await connection.health.check({ service: "" }).catch(() => undefined);
      if (answer?.status === 1) return;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    throw new Error(`Not serving: ${lines.join("")}`);
  };
  await untilServing();
  return {
    address,
    connection,
    processes: () => processesOf(folder),
    pids,
    async replaceEnvoy(pauseMs = 0) {
      process.kill(envoy.pid, "SIGKILL");
      await envoy.exited;
      await envoy.stop();
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
      envoy = await newEnvoy(address);
      await untilServing();
    },
    async replaceManager() {
      const ended = once(manager, "exit");
      manager.kill("SIGKILL");
      await ended;
      await rm(join(folder, "m", "manager.sock"), { force: true });
      manager = await newManager();
      await untilServing();
    },
    async stop() {
      connection.close();
      await envoy.stop();
      await end(manager);
      const left = await remaining(folder, 15_000);
      for (const { pid } of left) process.kill(pid, "SIGKILL");
      await rm(folder, { recursive: true, force: true });
      if (left.length > 0)
        throw new Error(`Left behind: ${left.map(({ part, pid }) => `${part} ${pid}`).join(", ")}`);
    },
  };
}
