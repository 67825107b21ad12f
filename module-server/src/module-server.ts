import {
  createHealth,
  createReflection,
  createServer,
  fileWatcherCredentials,
  type RpcStatus,
} from "@podule/grpc";
import { descriptorSet } from "@podule/proto/descriptors";
import { LoadsDefinition } from "@podule/proto/podule/internal/v1/loads.ts";
import { TracesDefinition } from "@podule/proto/podule/v1/traces.ts";
import {
  createMetrics,
  createTracesService,
  createTracing,
  resourceAttributes,
  type Variables,
} from "@podule/telemetry";
import { Status } from "nice-grpc-common";
import type { Pod } from "./calls/pod.ts";
import { sessionHandler } from "./calls/session-handler.ts";
import { streamHandler } from "./calls/stream.ts";
import { unaryHandler } from "./calls/unary.ts";
import type { Config } from "./config.ts";
import { createLoadReport } from "./load-report.ts";
import { createLoadsService } from "./loads-service.ts";
import { RequestTable } from "./requests/request-table.ts";
import { SessionTable } from "./sessions/session-table.ts";
import { encodeStatus, statusBytes } from "./status-bytes.ts";
import { createCallTelemetry } from "./telemetry/call-telemetry.ts";
import { createPodMetrics } from "./telemetry/pod-metrics.ts";
import { createSessionTracer } from "./telemetry/session-tracer.ts";
import { spansOf } from "./telemetry/spans-of.ts";
import { startSpans } from "./telemetry/start-spans.ts";
import { CallPool } from "./workers/call-pool.ts";
import { ownWorkers, sharedWorkers } from "./workers/session-workers.ts";
import { Supervisor, type SupervisorListener } from "./workers/supervisor.ts";

const SERVICE = "podule.v1.Calls";
/** Of the largest requests, kept at once; of the largest results, unread in one session. */
const KEPT_MESSAGES = 4;
/** Of answers kept for callers that ask again, and of their ids. */
const KEPT_ANSWER_BYTES = 64 * 1024 * 1024;
const RETRY_MS = 1000;
/** For answers that are under way when the last call has ended. */
const CLOSE_MS = 1000;
const WAITED_MS = 3000;

export interface ModuleServer {
  /** Resolves to the address. Calls are taken at once, and wait for the module's import. */
  start(): Promise<string>;
  /** Running calls end, or are cut after the grace; then the workers. */
  drain(graceMs: number): Promise<void>;
  /**
   * As `drain`, but the process with the module imported stays, for another module server of the same settings. Undefined: there is
   * none. `onGone`: it has ended meanwhile.
   */
  park(graceMs: number, onGone: () => void): Promise<Supervisor | undefined>;
  /** Ends all processes now. */
  kill(): void;
}

/** `variables`: where telemetry goes (OTEL_*). `onFailed`: the module cannot be imported; every call has been told. */
export function createModuleServer(
  config: Config,
  variables: Variables,
  onFailed: (status: RpcStatus) => void,
  parked?: Supervisor,
): ModuleServer {
  const { moduleId, podName } = config;
  const module = { id: moduleId, revision: variables["PODULE_REVISION"] };
  const tracing = createTracing(variables, resourceAttributes(variables, module));
  for (const problem of tracing.problems) process.stderr.write(`podule: ${problem}\n`);
  const metrics = createMetrics(variables, {
    ...resourceAttributes(variables, module),
    "service.name": "podule-module-server",
    "service.instance.id": podName,
  });
  const measured = createPodMetrics(metrics.registry, moduleId, () => ({
    calls: pool.size,
    sessions: pod.sessions.size,
  }));
  const telemetry = createCallTelemetry({
    tracing,
    moduleId,
    podName,
    onEnd: metrics.on ? (record) => measured.ended(record) : () => {},
  });
  const begun = Date.now();
  let pythonStart = begun;
  const maxBytes = KEPT_MESSAGES * config.maxMessageBytes;
  const pool = new CallPool({
    maxInFlight: config.maxInFlight,
    maxMessageBytes: config.maxMessageBytes,
    maxBytes,
    telemetry,
    onSize: () => load.changed(),
  });
  const health = createHealth();
  const setReady = (ready: boolean) => {
    for (const service of ["", SERVICE]) health.set(service, ready);
  };
  const listener: SupervisorListener = {
    ready: setReady,
    imported({ import_ms: importMs, opentelemetry }) {
      telemetry.pythonJoins = opentelemetry === true;
      const times = {
        // A process that had waited for this life begins it here.
        processStart: begun - performance.timeOrigin > WAITED_MS ? begun : performance.timeOrigin,
        pythonStart,
        imported: Date.now(),
        importMs: typeof importMs === "number" ? importMs : 0,
      };
      for (const span of startSpans(tracing, variables["TRACEPARENT"], podName, moduleId, times))
        tracing.export(span);
    },
    failed(status) {
      pool.refuse(encodeStatus(status));
      pool.failAll(encodeStatus(status));
      onFailed(status);
    },
  };
  const supervisor =
    parked ?? new Supervisor({ ...config, memoryLimit: config.workerMemoryLimit }, pool, listener);
  const pod: Pod = {
    moduleId: config.moduleId,
    pool,
    maxInFlight: config.maxInFlight,
    maxUnreadBytes: maxBytes,
    streams: new Set(),
    sessions: new SessionTable({
      podName: config.podName,
      pool,
      workers:
        config.isolation === "session"
          ? ownWorkers(pool, supervisor, config.sessionMemory)
          : sharedWorkers(pool),
      graceMs: config.sessionGraceMs,
      maxSessions: config.maxSessions,
      maxMessageBytes: config.maxMessageBytes,
      tracer: createSessionTracer(tracing, moduleId, podName),
      onSize: () => load.changed(),
    }),
    requests: new RequestTable({
      graceMs: config.sessionGraceMs,
      maxBytes: KEPT_ANSWER_BYTES,
      cancel: (call) => pool.cancel(call),
    }),
  };
  const load = createLoadReport(() => ({ calls: pool.size, sessions: pod.sessions.size }));
  if (process.send !== undefined) load.watch((now) => process.send?.({ type: "load", ...now }, () => {}));

  const drained = new AbortController();
  const server = createServer({ maxMessageBytes: config.maxMessageBytes + 64 * 1024 });
  server.addRaw(`/${SERVICE}/Call`, "unary", unaryHandler(pod));
  server.addRaw(`/${SERVICE}/Stream`, "serverStream", streamHandler(pod));
  server.addRaw(`/${SERVICE}/Session`, "bidi", sessionHandler(pod));
  server.add(health.definition, health.implementation);
  server.add(LoadsDefinition, createLoadsService(load, drained.signal));
  server.add(
    TracesDefinition,
    createTracesService({
      own: (id) => tracing.find(id).flatMap((record) => spansOf(record, podName, true)),
    }),
  );
  createReflection(descriptorSet, {
    listed: (name) => name === SERVICE || name === TracesDefinition.fullName || name.startsWith("grpc."),
  }).addTo(server);
  setReady(false);
  const probed = createServer();
  probed.add(health.definition, health.implementation);

  return {
    async start() {
      try {
        pythonStart = Date.now();
        await metrics.start();
        if (parked === undefined) await supervisor.start();
        else supervisor.resume(pool, listener);
        if (config.healthListen !== undefined) await probed.listen(config.healthListen);
        const { tls } = config;
        return await server.listen(
          config.listen,
          tls === undefined ? undefined : fileWatcherCredentials(tls),
        );
      } catch (error) {
        supervisor.kill();
        throw error;
      }
    },
    async drain(graceMs) {
      await quiet(graceMs);
      await supervisor.stop();
      await finish();
    },
    async park(graceMs, onGone) {
      await quiet(graceMs);
      const kept = await supervisor.park(onGone);
      await finish();
      return kept ? supervisor : undefined;
    },
    kill() {
      supervisor.kill();
    },
  };

  /** Running calls and sessions end, or are cut after the grace. */
  async function quiet(graceMs: number): Promise<void> {
    health.end();
    pool.refuse(
      statusBytes(Status.UNAVAILABLE, "DRAINING", "The pod takes no new calls", { retryAfterMs: RETRY_MS }),
    );
    for (const stream of [...pod.streams]) stream.drain(graceMs);
    pod.sessions.drain(graceMs);
    const ended = server.drain(graceMs + CLOSE_MS);
    let timer: NodeJS.Timeout | undefined;
    const cut = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, graceMs);
    });
    await Promise.race([Promise.all([pool.idle(), pod.sessions.empty()]), cut]);
    clearTimeout(timer);
    pool.failAll(
      statusBytes(Status.ABORTED, "POD_STOPPED", "The pod ended before the call; it may have taken effect"),
    );
    pod.sessions.close();
    drained.abort();
    await Promise.race([ended, new Promise((resolve) => setTimeout(resolve, CLOSE_MS))]);
  }

  async function finish(): Promise<void> {
    await server.close();
    pod.requests.close();
    pool.close();
    await Promise.race([
      Promise.all([tracing.close(), metrics.close()]),
      new Promise((resolve) => setTimeout(resolve, CLOSE_MS)),
    ]);
  }
}
