import { hostname } from "node:os";
import { type CertificateFiles, type RpcStatus, rpcStatus } from "@podule/grpc";
import { Status } from "nice-grpc-common";
import type { RecyclePolicy } from "./workers/recycle-policy.ts";

export interface Config {
  /** What Python imports. */
  readonly moduleName: string;
  /** Tokens of its sessions begin with it. */
  readonly podName: string;
  /** Accepted in CallRequest.module. */
  readonly moduleId: string;
  /** "HOST:PORT" or "unix:/path". */
  readonly listen: string;
  /** Where health alone is served, without TLS, for a kubelet's probe. */
  readonly healthListen: string | undefined;
  readonly tls: CertificateFiles | undefined;
  readonly python: string;
  /** Where another container says that `python` is installed. */
  readonly environmentStatus: string | undefined;
  readonly modulePath: string | undefined;
  readonly workers: number;
  readonly workerMemoryLimit: number | undefined;
  readonly importTimeoutMs: number;
  readonly drainGraceMs: number;
  readonly maxMessageBytes: number;
  /** Calls that one session, and the pod as a whole, may have in flight. */
  readonly maxInFlight: number;
  /** How long a session outlives its stream. */
  readonly sessionGraceMs: number;
  readonly maxSessions: number;
  /** "session": each session has a worker of its own. */
  readonly isolation: "shared" | "session";
  readonly concurrency: Concurrency;
  readonly recycling: RecyclePolicy;
  /** Bytes that sessions' own workers may have for themselves. */
  readonly sessionMemory: number | undefined;
  readonly runDir: string | undefined;
  readonly terminationMessagePath: string | undefined;
}

/** Calls that one worker runs at once: one, or `limit` in threads or on an event loop. */
export interface Concurrency {
  readonly model: "one" | "threads" | "asyncio";
  readonly limit: number;
}

const MOST_AT_ONCE = { threads: 256, asyncio: 10_000 };

export interface Violation {
  readonly field: string;
  readonly description: string;
}

const MIB = 1024 * 1024;
const MODULE_NAME = /^[\p{ID_Start}_][\p{ID_Continue}]*(\.[\p{ID_Start}_][\p{ID_Continue}]*)*$/u;

/** The settings, or everything that is wrong with them. */
export function readConfig(env: Readonly<Record<string, string | undefined>>): Config | RpcStatus {
  const violations: Violation[] = [];
  const text = (field: string) => (env[field] === undefined || env[field] === "" ? undefined : env[field]);
  const refuse = (field: string, description: string) => violations.push({ field, description });
  const integer = (field: string, fallback: number, least: number, most: number): number => {
    const given = text(field);
    if (given === undefined) return fallback;
    const value = /^\d+$/.test(given) ? Number(given) : Number.NaN;
    if (value >= least && value <= most) return value;
    refuse(field, `must be a whole number from ${least} to ${most}, not "${given}"`);
    return fallback;
  };

  const moduleName = text("MODULE_NAME") ?? "";
  if (moduleName === "") refuse("MODULE_NAME", 'is required: what Python imports, such as "numpy"');
  else if (!MODULE_NAME.test(moduleName))
    refuse("MODULE_NAME", `must be a module's dotted name such as "scipy.linalg", not "${moduleName}"`);
  const port = integer("PORT", 50051, 0, 65535);
  const listen = text("PODULE_LISTEN") ?? `0.0.0.0:${port}`;
  const healthListen = text("PODULE_HEALTH_LISTEN");
  for (const [field, address] of [
    ["PODULE_LISTEN", listen],
    ["PODULE_HEALTH_LISTEN", healthListen ?? listen],
  ] as const)
    if (!/^unix:\/.+|^.+:\d{1,5}$/.test(address))
      refuse(field, `must be HOST:PORT or unix:/path, not "${address}"`);
  const certFile = text("PODULE_TLS_CERT_FILE");
  const keyFile = text("PODULE_TLS_KEY_FILE");
  const clientCaFile = text("PODULE_TLS_CLIENT_CA_FILE");
  if ((certFile === undefined) !== (keyFile === undefined))
    refuse("PODULE_TLS_CERT_FILE", "goes together with PODULE_TLS_KEY_FILE");
  if (clientCaFile !== undefined && certFile === undefined)
    refuse("PODULE_TLS_CLIENT_CA_FILE", "needs PODULE_TLS_CERT_FILE");
  const optional = (field: string, least: number, most: number): number | undefined =>
    text(field) === undefined ? undefined : integer(field, 0, least, most);
  const isolation = text("PODULE_ISOLATION") ?? "shared";
  if (isolation !== "shared" && isolation !== "session")
    refuse("PODULE_ISOLATION", `must be shared or session, not "${isolation}"`);
  const concurrency = readConcurrency(text("PODULE_CONCURRENCY"));
  if (concurrency === undefined)
    refuse(
      "PODULE_CONCURRENCY",
      "must be threads:N with N from 2 to 256, or asyncio:N with N from 2 to 10000",
    );
  const ownWorkers = isolation === "session";

  const config: Config = {
    moduleName,
    podName: text("PODULE_POD_NAME") ?? hostname(),
    moduleId: text("PODULE_MODULE_ID") ?? moduleName,
    listen,
    healthListen,
    tls:
      certFile === undefined || keyFile === undefined
        ? undefined
        : { certFile, keyFile, ...(clientCaFile === undefined ? {} : { clientCaFile }) },
    python: text("PODULE_PYTHON") ?? "python3",
    environmentStatus: text("PODULE_ENVIRONMENT_STATUS"),
    modulePath: text("PODULE_MODULE_PATH"),
    workers: integer("PODULE_WORKERS", 1, 1, 64),
    workerMemoryLimit: optional("PODULE_WORKER_MEMORY_LIMIT", 16 * MIB, Number.MAX_SAFE_INTEGER),
    importTimeoutMs: integer("PODULE_IMPORT_TIMEOUT_MS", 60_000, 1, 86_400_000),
    drainGraceMs: integer("PODULE_DRAIN_GRACE_MS", 30_000, 0, 86_400_000),
    maxMessageBytes: integer("PODULE_MAX_MESSAGE_BYTES", 64 * MIB, 1024, 1024 * MIB),
    maxInFlight: integer("PODULE_MAX_IN_FLIGHT", 16_384, 1, 1_000_000),
    sessionGraceMs: integer("PODULE_SESSION_GRACE_MS", 30_000, 0, 86_400_000),
    maxSessions: integer("PODULE_MAX_SESSIONS", ownWorkers ? 1000 : 10_000, 1, 1_000_000),
    isolation: ownWorkers ? "session" : "shared",
    concurrency: concurrency ?? { model: "one", limit: 1 },
    recycling: {
      maxCalls: optional("PODULE_WORKER_MAX_CALLS", 1, Number.MAX_SAFE_INTEGER),
      maxMemoryGrowth: optional("PODULE_WORKER_MAX_MEMORY_GROWTH", MIB, Number.MAX_SAFE_INTEGER),
      maxAgeMs: optional("PODULE_WORKER_MAX_AGE_MS", 1000, Number.MAX_SAFE_INTEGER),
    },
    sessionMemory: optional("PODULE_SESSION_MEMORY", 16 * MIB, Number.MAX_SAFE_INTEGER),
    runDir: text("PODULE_RUN_DIR"),
    terminationMessagePath: text("TERMINATION_MESSAGE_PATH"),
  };
  if (violations.length === 0) return config;
  const words = violations.map(({ field, description }) => `${field} ${description}`).join("; ");
  return rpcStatus(Status.INVALID_ARGUMENT, "INVALID_SETTING", words, { violations });
}

/** undefined: it is none. */
function readConcurrency(text: string | undefined): Concurrency | undefined {
  if (text === undefined) return { model: "one", limit: 1 };
  const [, model, digits] = /^(threads|asyncio):(\d{1,5})$/.exec(text) ?? [];
  if (model !== "threads" && model !== "asyncio") return undefined;
  const limit = Number(digits);
  return limit >= 2 && limit <= MOST_AT_ONCE[model] ? { model, limit } : undefined;
}
