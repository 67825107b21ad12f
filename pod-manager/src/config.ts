import { homedir } from "node:os";
import { isAbsolute, join } from "node:path";
import type { CertificateFiles } from "@podule/grpc";
import type { CallQuotas } from "./calls/quotas.ts";
import { type KubernetesConfig, readKubernetesConfig } from "./kubernetes-config.ts";
import type { ListenAddress } from "./listen-address.ts";
import { readServingConfig } from "./serving-config.ts";

/** The variables that configure the manager. */
export const VARIABLES = {
  listen: "PODULE_LISTEN",
  namespace: "NAMESPACE",
  stateDir: "PODULE_STATE_DIR",
  cacheDir: "PODULE_CACHE_DIR",
  runDir: "PODULE_RUN_DIR",
  uv: "PODULE_UV",
  autoCreate: "PODULE_AUTO_CREATE",
  queueLimit: "PODULE_QUEUE_LIMIT",
  queueTimeoutMs: "PODULE_QUEUE_TIMEOUT_MS",
  maxCalls: "PODULE_MAX_CALLS",
  maxSessions: "PODULE_MAX_SESSIONS",
  maxCallsPerCaller: "PODULE_MAX_CALLS_PER_CALLER",
  maxWaitingCallsPerCaller: "PODULE_MAX_WAITING_CALLS_PER_CALLER",
  maxSessionsPerCaller: "PODULE_MAX_SESSIONS_PER_CALLER",
  maxMessageBytes: "PODULE_MAX_MESSAGE_BYTES",
  drainGraceMs: "PODULE_DRAIN_GRACE_MS",
  sessionGraceMs: "PODULE_SESSION_GRACE_MS",
  warmPods: "PODULE_WARM_PODS",
  parkedPods: "PODULE_PARKED_PODS",
  parkedBytes: "PODULE_PARKED_BYTES",
} as const;

export interface Config {
  readonly listen: ListenAddress;
  readonly healthListen: ListenAddress | undefined;
  readonly tls: CertificateFiles | undefined;
  /** Undefined: the local backend. */
  readonly kubernetes: KubernetesConfig | undefined;
  readonly namespace: string;
  readonly stateDir: string;
  readonly cacheDir: string;
  /** Undefined: a new folder below the temporary folder, removed at the end. */
  readonly runDir: string | undefined;
  readonly uv: string;
  readonly autoCreate: boolean;
  /** Of modules that set none of their own. */
  readonly quotas: CallQuotas;
  /** The longest that a call waits for a pod. */
  readonly queueTimeoutMs: number;
  readonly maxMessageBytes: number;
  readonly drainGraceMs: number;
  readonly sessionGraceMs: number;
  /** Processes that wait for any module, at most. */
  readonly warmPods: number;
  /** Pods that wait without workers for their module, at most, and the bytes that they may hold. */
  readonly parkedPods: number;
  readonly parkedBytes: number;
}

export type Environment = Readonly<Record<string, string | undefined>>;

/** The environment says something that cannot be. `problems` begin with the name of their variable. */
export class ConfigError extends Error {
  readonly problems: readonly string[];
  constructor(problems: readonly string[]) {
    super(problems.join("\n"));
    this.name = "ConfigError";
    this.problems = problems;
  }
}

/** Throws ConfigError with all that is wrong. An empty variable is as an unset one. */
export function readConfig(env: Environment): Config {
  const problems: string[] = [];
  const read = <T>(name: string, parse: (text: string) => T, fallback: () => T): T => {
    const text = env[name];
    try {
      return text === undefined || text === "" ? fallback() : parse(text);
    } catch (error) {
      problems.push(`${name}: ${error instanceof Error ? error.message : String(error)}`);
      return fallback();
    }
  };
  const config: Config = {
    ...readServingConfig(env, problems),
    kubernetes: readKubernetesConfig(env, problems),
    namespace: read(VARIABLES.namespace, namespace, () => "default"),
    stateDir: read(VARIABLES.stateDir, absolute, () => defaultStateDir(env)),
    cacheDir: read(VARIABLES.cacheDir, absolute, () => defaultCacheDir(env)),
    runDir: read<string | undefined>(VARIABLES.runDir, absolute, () => undefined),
    uv: read(VARIABLES.uv, noNul, () => "uv"),
    autoCreate: read(VARIABLES.autoCreate, boolean, () => true),
    quotas: {
      calls: read(VARIABLES.maxCalls, quota, noQuota),
      waitingCalls: read(VARIABLES.queueLimit, integer(0, 1_000_000), () => 10_000),
      sessions: read(VARIABLES.maxSessions, quota, noQuota),
      callsPerCaller: read(VARIABLES.maxCallsPerCaller, quota, noQuota),
      waitingCallsPerCaller: read(VARIABLES.maxWaitingCallsPerCaller, quota, noQuota),
      sessionsPerCaller: read(VARIABLES.maxSessionsPerCaller, quota, noQuota),
    },
    queueTimeoutMs: read(VARIABLES.queueTimeoutMs, integer(1, 86_400_000), () => 600_000),
    maxMessageBytes: read(VARIABLES.maxMessageBytes, integer(1024, 2 ** 31 - 1), () => 67_108_864),
    drainGraceMs: read(VARIABLES.drainGraceMs, integer(0, 86_400_000), () => 30_000),
    sessionGraceMs: read(VARIABLES.sessionGraceMs, integer(0, 86_400_000), () => 30_000),
    warmPods: read(VARIABLES.warmPods, integer(0, 100), () => 1),
    parkedPods: read(VARIABLES.parkedPods, integer(0, 1000), () => 4),
    parkedBytes: read(VARIABLES.parkedBytes, integer(0, 2 ** 50), () => 2 ** 29),
  };
  if (problems.length > 0) throw new ConfigError(problems);
  return config;
}

export function defaultStateDir(env: Environment): string {
  return join(base("XDG_STATE_HOME", env, ".local", "state"), "podule");
}

export function defaultCacheDir(env: Environment): string {
  return join(base("XDG_CACHE_HOME", env, ".cache"), "podule");
}

/** The XDG rule: a variable that is not an absolute path counts as unset. */
function base(variable: string, env: Environment, ...below: string[]): string {
  const folder = env[variable];
  if (folder !== undefined && isAbsolute(folder)) return folder;
  const { HOME } = env;
  return join(HOME || homedir(), ...below);
}

function namespace(text: string): string {
  if (/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/.test(text)) return text;
  throw new Error(`${show(text)} is no namespace: 1 to 63 of a-z, 0-9 and "-", not at an end`);
}

function absolute(text: string): string {
  if (isAbsolute(noNul(text))) return text;
  throw new Error(`${show(text)} is not an absolute path`);
}

function noNul(text: string): string {
  if (text.includes("\0")) throw new Error(`${show(text)} has a NUL character`);
  return text;
}

function boolean(text: string): boolean {
  if (text === "true") return true;
  if (text === "false") return false;
  throw new Error(`${show(text)} is neither "true" nor "false"`);
}

const quota = integer(1, 1_000_000);
const noQuota = (): number => Number.POSITIVE_INFINITY;

function integer(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = /^[0-9]{1,15}$/.test(text) ? Number(text) : Number.NaN;
    if (value >= min && value <= max) return value;
    throw new Error(`${show(text)} is not a whole number from ${min} to ${max}`);
  };
}

function show(text: string): string {
  return JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}…` : text);
}
