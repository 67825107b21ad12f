import { type RpcStatus, toStatus } from "@podule/grpc";
import { awaitEnvironment } from "./await-environment.ts";
import { type Config, readConfig } from "./config.ts";
import { createModuleServer, type ModuleServer } from "./module-server.ts";
import { writeTerminationMessage } from "./termination-message.ts";
import { privateMemory } from "./workers/private-memory.ts";
import type { Supervisor } from "./workers/supervisor.ts";

/** Answers that are under way get so long before the process ends. */
const LAST_WORDS_MS = 200;

/** The pods that this process is, one after the other. Whatever goes wrong ends the process. */
export interface PodLives {
  /** Be the pod that the variables describe; only while it is none. */
  begin(variables: NodeJS.ProcessEnv): Promise<void>;
  /** Running calls end, then the process. */
  end(): void;
  /** Running calls end, then this is no pod any more, but can soon be one of the same module again. */
  park(): void;
  die(error: unknown): void;
  /** Ends the Python processes now. */
  kill(): void;
}

/** `parked`: told when it is no pod any more, with the bytes that it holds. */
export function createPodLives(parked: (bytes: number) => void): PodLives {
  let current: { readonly server: ModuleServer; readonly config: Config } | undefined;
  /** What is left of the pod before. */
  let kept: Supervisor | undefined;
  let leaving: "end" | "park" | undefined;

  const die = (error: unknown): void => {
    const path = current?.config.terminationMessagePath;
    current?.server.kill();
    fail(toStatus(error), path);
  };

  async function begin(variables: NodeJS.ProcessEnv): Promise<void> {
    if (current !== undefined) return;
    const config = readConfig(variables);
    if ("code" in config) {
      fail(config, variables["TERMINATION_MESSAGE_PATH"]);
      return;
    }
    const { environmentStatus, python, terminationMessagePath } = config;
    const server = createModuleServer(
      config,
      variables,
      (status) => {
        setTimeout(() => {
          server.kill();
          fail(status, terminationMessagePath);
        }, LAST_WORDS_MS);
      },
      kept,
    );
    current = { server, config };
    kept = undefined;
    const unavailable =
      environmentStatus === undefined ? undefined : await awaitEnvironment(python, environmentStatus);
    if (unavailable !== undefined) fail(unavailable, terminationMessagePath);
    await server.start();
  }

  async function park(): Promise<void> {
    if (current === undefined) return;
    const { server, config } = current;
    kept = await server.park(config.drainGraceMs, () => process.exit(0));
    current = undefined;
    if (kept === undefined || leaving === "end") process.exit(0);
    leaving = undefined;
    const own = [process.pid, kept.zygotePid].map((pid) =>
      pid === undefined ? 0 : (privateMemory(pid) ?? 0),
    );
    parked(own.reduce((sum, bytes) => sum + bytes, 0));
  }

  return {
    begin,
    end() {
      const before = leaving;
      leaving = "end";
      if (current === undefined) process.exit(0);
      if (before === undefined)
        current.server.drain(current.config.drainGraceMs).then(() => process.exit(0), die);
    },
    park() {
      if (current === undefined || leaving !== undefined) return;
      leaving = "park";
      park().catch(die);
    },
    die,
    kill() {
      current?.server.kill();
      kept?.kill();
    },
  };
}

function fail(status: RpcStatus, path: string | undefined): void {
  writeTerminationMessage(status, path);
  process.stderr.write(`podule: ${status.message}\n`);
  process.exit(1);
}
