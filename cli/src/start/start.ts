import { rm } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { describeExit, type Envoy, startEnvoy } from "@podule/envoy";
import { descriptorSetFile } from "@podule/proto/descriptors";
import { createChannel } from "nice-grpc";
import { createSteps, duration, type Steps } from "../console/steps.ts";
import { type Manager, startManager } from "../parts/manager.ts";
import { makeRunDir } from "../parts/run-dir.ts";
import { ensureTool } from "../tools/ensure-tool.ts";
import { UserError } from "../user-error.ts";
import { whoHasPort } from "./busy-port.ts";
import { deploy, evaluate } from "./example.ts";
import { readSettings, type Settings, VARIABLES } from "./settings.ts";
import { aborted, type StopRequests, stopRequests } from "./signals.ts";

/** Longer than the manager gives running calls: it is killed only when it does not end by itself. */
const MANAGER_STOP_MS = 40_000;

interface Running {
  readonly runDir: string;
  manager?: Manager;
  envoy?: Envoy;
}

/** Envoy in front of the pod manager, a first module and a first value; then serves until it is told to stop. */
export async function start(env: NodeJS.ProcessEnv, options: { once: boolean }): Promise<void> {
  const began = performance.now();
  const settings = readSettings(env);
  const owner = await whoHasPort(settings.host, settings.port);
  if (owner !== undefined) {
    throw new UserError(
      `${settings.host}:${settings.port} is taken by ${owner}. End it, or choose another port: ${VARIABLES.port}=50052 npm start`,
    );
  }
  const requests = stopRequests();
  const steps = createSteps(process.stdout);
  const running: Running = { runDir: await makeRunDir() };
  try {
    await bringUp(running, env, settings, steps, requests.stop);
    const crash = watchParts(running);
    await Promise.race([crash.happened, firstValue(running, settings, steps, requests.stop, began)]);
    if (options.once) return;
    steps.line(`Serving on ${running.envoy?.address} until Ctrl-C`);
    await Promise.race([crash.happened, aborted(requests.stop)]);
    steps.line("Stopping; running calls may end (Ctrl-C again: at once)");
  } catch (error) {
    if (!requests.stop.aborted) throw error;
  } finally {
    await bringDown(running, requests);
    requests.close();
  }
}

async function bringUp(
  running: Running,
  env: NodeJS.ProcessEnv,
  settings: Settings,
  steps: Steps,
  signal: AbortSignal,
): Promise<void> {
  const [uv, binary] = await steps.step(
    "Tools",
    (say) => {
      const options = {
        env,
        signal,
        onInstall: (tool: { name: string; version: string }) =>
          say(`installing ${tool.name} ${tool.version}`),
      };
      return Promise.all([ensureTool("uv", options), ensureTool("envoy", options)]);
    },
    () => "Tools: uv and Envoy",
  );
  signal.throwIfAborted();
  const manager = await steps.step("Pod manager", () =>
    startManager({
      env,
      signal,
      runDir: running.runDir,
      uv,
      onLine: (line) => steps.line(`[pod-manager] ${line}`),
    }),
  );
  running.manager = manager;
  signal.throwIfAborted();
  running.envoy = await steps.step(
    "Envoy",
    () =>
      startEnvoy({
        binary,
        runDir: running.runDir,
        concurrency: settings.envoyConcurrency,
        params: {
          ...settings.envoy,
          upstreams: { kind: "static", addresses: [manager.address] },
          descriptorFile: fileURLToPath(descriptorSetFile),
        },
      }).catch((error: unknown) => {
        throw new UserError(error instanceof Error ? error.message : String(error));
      }),
    ({ address }) => `Envoy on ${address}`,
  );
  signal.throwIfAborted();
}

async function firstValue(
  running: Running,
  settings: Settings,
  steps: Steps,
  signal: AbortSignal,
  began: number,
): Promise<void> {
  const { module } = settings;
  const { manager, envoy } = running;
  if (module === undefined || manager === undefined || envoy === undefined) return;
  // Behind TLS or JWT the launcher, which has neither certificate nor token, asks the manager itself.
  const guarded = settings.envoy.tls !== undefined || settings.envoy.jwt !== undefined;
  const channel = createChannel(guarded ? manager.address : envoy.address);
  try {
    await steps.step(
      `Module ${module}`,
      (say) => deploy(channel, module, say, signal),
      ({ status }) =>
        `Module ${module} is READY${status?.pythonVersion ? `, Python ${status.pythonVersion}` : ""}`,
    );
    if (module !== "numpy") return;
    await steps.step(
      `${EXAMPLE}${guarded ? ", past Envoy" : " through Envoy"}`,
      () => evaluate(channel, signal),
      (value) => `${EXAMPLE} = ${value}`,
    );
    steps.line(`First value after ${duration(performance.now() - began)}`);
    steps.line(shellLines(envoy.address, guarded));
  } finally {
    channel.close();
  }
}

const DEFAULT_URL = "127.0.0.1:50051";
const EXAMPLE = "numpy.sum(numpy.array([1, 2, 3, 4]))";

/** Calls to try, for this address. */
function shellLines(address: string, guarded: boolean): string {
  const url = `${guarded ? "https://" : ""}${address}`;
  const flags = guarded
    ? ` --url ${url} --ca CA.pem --token TOKEN`
    : url === DEFAULT_URL
      ? ""
      : ` --url ${url}`;
  const request = '{"module":"numpy","function":"sum","args":[{"json":[1,2,3,4]}]}';
  const how = guarded ? "-cacert CA.pem -H 'authorization: Bearer TOKEN'" : "-plaintext";
  return `
From a shell:
  npx podule call numpy.sum '[1, 2, 3, 4]'${flags}
  npx podule repl numpy${flags}
  grpcurl ${how} -d '${request}' ${address} podule.v1.Calls/Call
`;
}

/** Rejects when a part has ended that should not have. */
function watchParts({ manager, envoy }: Running): { happened: Promise<never> } {
  const failures = [
    manager?.child.exited.then((exit) => {
      throw new UserError(`The pod manager ended: ${describeExit(exit)}\n${manager.child.tail()}`.trimEnd());
    }),
    envoy?.exited.then((exit) => {
      throw new UserError(`Envoy ended: ${describeExit(exit)}\n${exit.log}`.trimEnd());
    }),
  ];
  const happened = Promise.race(failures).then(() => new Promise<never>(() => {}));
  happened.catch(() => {});
  return { happened };
}

/** The manager first: it ends the calls that run, which Envoy still carries. */
async function bringDown({ manager, envoy, runDir }: Running, { now }: StopRequests): Promise<void> {
  const kill = () => manager?.child.kill();
  if (now.aborted) kill();
  else now.addEventListener("abort", kill, { once: true });
  await manager?.child.stop(MANAGER_STOP_MS);
  await envoy?.stop();
  await rm(runDir, { recursive: true, force: true, maxRetries: 5 });
}
