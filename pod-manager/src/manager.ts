import { hostname } from "node:os";
import { createHealth, createReflection, createServer, fileWatcherCredentials } from "@podule/grpc";
import { descriptorSet } from "@podule/proto/descriptors";
import { ManagersDefinition } from "@podule/proto/podule/internal/v1/managers.ts";
import { ModulesDefinition } from "@podule/proto/podule/v1/modules.ts";
import { PodsDefinition } from "@podule/proto/podule/v1/pods.ts";
import { TracesDefinition } from "@podule/proto/podule/v1/traces.ts";
import {
  createMetrics,
  createTracesService,
  createTracing,
  resourceAttributes,
  type Variables,
} from "@podule/telemetry";
import type { Backend } from "./backends/backend.ts";
import { createCalls } from "./calls/calls.ts";
import type { Config } from "./config.ts";
import { createDemand } from "./demand/demand.ts";
import { createWorkersOf } from "./demand/workers-of.ts";
import { createModules } from "./modules/modules.ts";
import { createPodsService } from "./pods/pods-service.ts";
import { createScaler } from "./scale/scaler.ts";
import { createCallTelemetry } from "./telemetry/call-telemetry.ts";
import { createManagerMetrics } from "./telemetry/manager-metrics.ts";
import { spansOf } from "./telemetry/spans-of.ts";
import { createStarts } from "./telemetry/starts.ts";
import { createTracesOfPods } from "./telemetry/traces-of-pods.ts";

const SERVICES = [
  "podule.v1.Calls",
  ModulesDefinition.fullName,
  PodsDefinition.fullName,
  TracesDefinition.fullName,
];
/** For answers that are under way when the last pod has ended. */
const LAST_ANSWERS_MS = 1000;

export interface Manager {
  /** Resolves to the address once it serves. */
  start(): Promise<string>;
  /** Running calls end, or are cut after the grace; then the pods. */
  drain(graceMs: number): Promise<void>;
  /** Ends the pods at once, then the rest. */
  end(): Promise<void>;
}

export function createManager(config: Config, variables: Variables, backend: Backend): Manager {
  const tracing = createTracing(variables, resourceAttributes(variables));
  for (const problem of tracing.problems) complain(problem);
  const metrics = createMetrics(variables, {
    ...resourceAttributes(variables),
    "service.name": "podule-manager",
    "service.instance.id": `${hostname()}/${process.pid}`,
  });
  const instance = `${hostname()}/${process.pid}`;
  const { maxMessageBytes, sessionGraceMs } = config;
  const { replicas } = backend;
  const starts = createStarts({
    tracing,
    instance,
    pods: backend.pods,
    getModule: (id) => modules.directory.getModule(id),
    onStarted: (phases) => measured.started(phases),
  });
  const { pods } = starts;
  const scaler = createScaler({ pods });
  const modules = createModules({
    store: backend.store,
    sources: backend.sources,
    environments: backend.environments,
    ...(replicas === undefined ? {} : { leadership: replicas.leadership, log: complain }),
    pods,
    scale: scaler,
    autoCreate: config.autoCreate,
  });
  const demand =
    replicas &&
    createDemand({ ...replicas, directory: modules.directory, onLoad: scaler.onLoad, log: complain });
  const measured = createManagerMetrics(metrics.registry, {
    listPods: pods.listPods,
    modules: modules.directory,
    callsInFlight: (pod) => calls.callsInFlight(pod),
  });
  const callPods = backend.podsOfCalls(pods);
  const calls = createCalls({
    modules: modules.directory,
    pods: callPods,
    telemetry: createCallTelemetry(tracing, instance, starts, metrics.on ? measured.ended : () => {}),
    onLoad: demand?.onLoad ?? scaler.onLoad,
    workersOf: demand === undefined ? scaler.workersOf : createWorkersOf(modules.directory),
    quotas: config.quotas,
    queueTimeoutMs: config.queueTimeoutMs,
    maxMessageBytes,
    requestGraceMs: sessionGraceMs,
  });
  const closing = new AbortController();
  const health = createHealth();
  const server = createServer({ maxMessageBytes });
  calls.serve(server);
  server.add(ModulesDefinition, modules.service);
  server.add(
    PodsDefinition,
    createPodsService({ pods, callsInFlight: calls.callsInFlight, closing: closing.signal }),
  );
  server.add(
    TracesDefinition,
    createTracesService({
      own: (id) =>
        tracing.find(id).flatMap((record) => spansOf(record, instance, starts.phasesOf(record.pod))),
      others: createTracesOfPods({ listPods: pods.listPods, credentials: callPods.credentials }),
    }),
  );
  server.add(health.definition, health.implementation);
  if (demand !== undefined) server.add(ManagersDefinition, demand.service);
  const healthServer = createServer();
  healthServer.add(health.definition, health.implementation);
  createReflection(descriptorSet, {
    listed: (name) => SERVICES.includes(name) || name.startsWith("grpc."),
  }).addTo(server);

  async function closeRest(): Promise<void> {
    starts.close();
    await Promise.race([
      Promise.all([tracing.close(), metrics.close()]),
      new Promise((resolve) => setTimeout(resolve, LAST_ANSWERS_MS)),
    ]);
    await Promise.all([healthServer.close(), backend.close()]);
  }

  return {
    async start() {
      if (config.healthListen !== undefined) await healthServer.listen(config.healthListen.text);
      await metrics.start();
      await backend.start();
      await modules.start();
      const credentials = config.tls === undefined ? undefined : fileWatcherCredentials(config.tls);
      const address = await server.listen(config.listen.text, credentials);
      replicas?.join(address);
      demand?.start();
      for (const service of ["", ...SERVICES]) health.set(service, true);
      return address;
    },
    async drain(graceMs) {
      health.end();
      scaler.close();
      calls.drain();
      closing.abort();
      await replicas?.leave();
      await demand?.close();
      await Promise.all([server.drain(graceMs), modules.close()]);
      calls.close();
      await pods.close();
      await closeRest();
    },
    async end() {
      health.end();
      scaler.close();
      closing.abort();
      await replicas?.leave();
      await demand?.close();
      await pods.close();
      calls.close();
      await Promise.all([modules.close(), server.drain(LAST_ANSWERS_MS)]);
      await closeRest();
    },
  };
}

function complain(message: string): void {
  process.stderr.write(`podule-manager: ${message}\n`);
}
