import { existsSync, readdirSync, readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type Connection, connect } from "./client.ts";
import { deployment, startDeployedStack } from "./deployed-stack.ts";
import { launchCommand } from "./launch-command.ts";
import { type Launched, launchParts } from "./launch-parts.ts";
import { type Part, type Process, processesOf, remaining } from "./processes.ts";

export interface StackOptions {
  /** Settings of the manager and its pods. */
  readonly env?: Readonly<Record<string, string>>;
  /** A folder with the state of an earlier stack; it is then kept at the end. */
  readonly stateDir?: string;
  /** Pod managers behind Envoy, each with its own state. Default: the one that the command starts. */
  readonly managers?: number;
}

/** Podule as it runs at a user's: Envoy, the manager and what they start. */
export interface Stack {
  /** Envoy's. */
  readonly address: string;
  readonly folder: string;
  /** One connection for all who need none of their own. */
  readonly connection: Connection;
  connect(): Connection;
  /** What the parts have printed. */
  log(): string;
  processes(): Process[];
  pids(part: Part): number[];
  environment(pid: number): string;
  kill(part: Part, which?: (process: Process) => boolean): number[];
  /**
   * Ends it as a user would, and throws if a process or a socket stays behind, or the exit code is not 0; `crashed`: one
   * of the parts was killed, so that the code does not count.
   */
  stop(options?: { readonly crashed: boolean }): Promise<void>;
}

/** Unless a test wants it otherwise: the processes that are there are those that pods need. */
const NOTHING_WARM = { PODULE_WARM_PODS: "0", PODULE_PARKED_PODS: "0" };

/** Time for everything to be gone: far below the 30 s that running calls would be given. */
const STOP_MS = 15_000;

/** On this machine, or in the test cluster where that is what is tested. */
export async function startStack(options: StackOptions = {}): Promise<Stack> {
  const deployed = deployment();
  if (deployed !== undefined) return startDeployedStack(deployed);
  const folder = await mkdtemp(join(tmpdir(), "podule-e2e-"));
  const stateDir = options.stateDir ?? join(folder, "state");
  const env = { ...NOTHING_WARM, ...options.env };
  const launching =
    options.managers === undefined
      ? launchCommand({ folder, stateDir, env })
      : launchParts(folder, stateDir, { ...options, env });
  const launched = await launching.catch(async (error: unknown) => {
    await remaining(folder, 5000);
    await rm(folder, { recursive: true, force: true });
    throw error;
  });
  const connections = new Set<Connection>();
  const open = () => {
    const connection = connect(launched.address);
    connections.add(connection);
    return connection;
  };
  const stack: Stack = {
    address: launched.address,
    folder,
    connection: open(),
    connect: open,
    log: launched.log,
    processes: () => processesOf(folder),
    pids: (part) => pidsOf(processesOf(folder), part),
    environment: (pid) => readFileSync(`/proc/${pid}/environ`, "utf8"),
    kill(part, which = () => true) {
      const pids = pidsOf(processesOf(folder).filter(which), part);
      for (const pid of pids) process.kill(pid, "SIGKILL");
      return pids;
    },
    async stop({ crashed } = { crashed: false }) {
      for (const connection of connections) connection.close();
      await launched.stop(crashed);
      await expectNothingLeft(folder, launched);
      await rm(folder, { recursive: true, force: true });
    },
  };
  await untilServing(stack);
  return stack;
}

/** Envoy's upstream is healthy when its first answer comes through: a Watch tells it, where a dial too early fails. */
async function untilServing(stack: Stack): Promise<void> {
  const signal = AbortSignal.timeout(60_000);
  for (;;) {
    try {
      for await (const { status } of stack.connection.health.watch({ service: "" }, { signal }))
        if (status === 1) return;
    } catch (error) {
      if (signal.aborted) throw new Error(`Not serving: ${stack.log()}`, { cause: error });
      await sleep(50);
    }
  }
}

/** Also after a kill: whatever ended, nothing may stay. */
export async function expectNothingLeft(folder: string, launched: Pick<Launched, "log">): Promise<void> {
  const left = await remaining(folder, STOP_MS);
  for (const { pid } of left) process.kill(pid, "SIGKILL");
  if (left.length > 0) {
    const list = left.map(({ pid, part, command }) => `${pid} ${part}: ${command}`).join("\n");
    throw new Error(`Processes left behind:\n${list}\n${launched.log().slice(-4000)}`);
  }
  const files = sockets(folder);
  if (files.length > 0) throw new Error(`Sockets left behind: ${files.join(", ")}`);
}

function sockets(folder: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isSocket())
    .map((entry) => join(entry.parentPath, entry.name));
}

function pidsOf(processes: readonly Process[], part: Part): number[] {
  return processes.filter((process_) => process_.part === part).map(({ pid }) => pid);
}
