import { randomUUID } from "node:crypto";
import { readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describeExit } from "@podule/envoy";
import { createEnvironments } from "@podule/pod-manager/environments";
import { createSteps, type Steps } from "../console/steps.ts";
import { type Child, startChild } from "../parts/child.ts";
import { whoHasPort } from "../start/busy-port.ts";
import { aborted, stopRequests } from "../start/signals.ts";
import { cacheDir, ensureTool } from "../tools/ensure-tool.ts";
import { UserError } from "../user-error.ts";
import { readTarget, type Target } from "./target.ts";
import { untilServing } from "./until-serving.ts";

export interface ServeOptions {
  readonly port: number;
  readonly dependency: readonly string[];
  readonly python: string;
  readonly workers: number;
}

const HOST = "127.0.0.1";
const STOP_MS = 40_000;

/** One pod alone, without Envoy or a manager: the same `Calls` service on a loopback port, until Ctrl-C. */
export async function serve(name: string, options: ServeOptions, env: NodeJS.ProcessEnv): Promise<void> {
  const target = readTarget(name);
  const owner = await whoHasPort(HOST, options.port);
  if (owner !== undefined) throw new UserError(`${HOST}:${options.port} is taken by ${owner}`);
  const requests = stopRequests();
  const steps = createSteps(process.stdout);
  // Written only by a pod that cannot start; nothing stays where this process is killed.
  const why = join(tmpdir(), `podule-${randomUUID()}.json`);
  const over = new AbortController();
  let pod: Child | undefined;
  try {
    const python = await environment(target, options, env, steps, requests.stop);
    pod = startChild(fileURLToPath(import.meta.resolve("@podule/module-server/main")), {
      onLine: steps.line,
      env: {
        ...env,
        MODULE_NAME: target.importName,
        PODULE_LISTEN: `${HOST}:${options.port}`,
        PODULE_PYTHON: python,
        PODULE_WORKERS: String(options.workers),
        TERMINATION_MESSAGE_PATH: why,
        ...(target.folder === undefined ? {} : { PODULE_MODULE_PATH: target.folder }),
      },
    });
    const kill = pod.kill;
    requests.now.addEventListener("abort", kill, { once: true });
    const ended = failure(pod, why);
    ended.catch(() => {});
    const address = `${HOST}:${options.port}`;
    await steps.step(`Pod of ${target.importName}`, () =>
      Promise.race([ended, untilServing(address, AbortSignal.any([requests.stop, over.signal]))]),
    );
    steps.line(`Serving on ${address} until Ctrl-C`);
    await Promise.race([ended, aborted(requests.stop)]);
    steps.line("Stopping; running calls may end (Ctrl-C again: at once)");
  } catch (error) {
    if (!requests.stop.aborted) throw error;
  } finally {
    over.abort();
    await pod?.stop(STOP_MS);
    await rm(why, { force: true });
    requests.close();
  }
}

async function environment(
  { importName, folder }: Target,
  { dependency, python }: ServeOptions,
  env: NodeJS.ProcessEnv,
  steps: Steps,
  signal: AbortSignal,
): Promise<string> {
  const request = { importName, dependencies: dependency, python, ownCode: folder !== undefined };
  return await steps.step(`Environment of ${importName}`, async (say) => {
    const uv = await ensureTool("uv", { env, signal, onInstall: () => say("installing uv") });
    const environments = createEnvironments({ cacheDir: cacheDir(env), uv, variables: env });
    try {
      const lock = await environments.resolve(request, { signal });
      say("installing");
      return (await environments.install(lock, { signal })).python;
    } catch (error) {
      throw new UserError(error instanceof Error ? error.message : String(error));
    } finally {
      await environments.close();
    }
  });
}

/** Rejects, with the pod's own words, when it has ended. */
async function failure(pod: Child, why: string): Promise<never> {
  const exit = await pod.exited;
  throw new UserError(`The pod ended: ${describeExit(exit)}\n${(await cause(why)) ?? pod.tail()}`.trimEnd());
}

async function cause(file: string): Promise<string | undefined> {
  const text = await readFile(file, "utf8").catch(() => "");
  if (text === "") return undefined;
  const status: unknown = JSON.parse(text);
  const known = typeof status === "object" && status !== null && "message" in status;
  return known && typeof status.message === "string" ? status.message : text;
}
