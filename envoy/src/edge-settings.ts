import { parseAddress } from "./address.ts";
import type { EnvoyParams, UpstreamTls } from "./params.ts";
import { integer, optional, path, readUserSide, type UserSide } from "./settings.ts";

type Env = Readonly<Record<string, string | undefined>>;

/** What an Envoy that is a process of its own, in a container, needs beyond the users' side. */
export const EDGE_VARIABLES = {
  binary: "PODULE_ENVOY",
  upstream: "PODULE_UPSTREAM",
  upstreamCa: "PODULE_UPSTREAM_CA",
  upstreamCert: "PODULE_UPSTREAM_CERT",
  upstreamKey: "PODULE_UPSTREAM_KEY",
  upstreamName: "PODULE_UPSTREAM_NAME",
  probes: "PODULE_PROBES",
  descriptors: "PODULE_DESCRIPTORS",
  drainGraceMs: "PODULE_DRAIN_GRACE_MS",
} as const;

export interface EdgeSettings {
  readonly binary: string;
  readonly params: Omit<EnvoyParams, "admin">;
  readonly concurrency: UserSide["concurrency"];
  readonly drainGraceMs: number;
}

/** Throws with what cannot be. */
export function readEdgeSettings(env: Env): EdgeSettings {
  const { params, concurrency } = readUserSide(env);
  const upstream = parseAddress(required(env, EDGE_VARIABLES.upstream));
  if (upstream.kind !== "tcp") throw new Error(`${EDGE_VARIABLES.upstream} is HOST:PORT`);
  const probes = env[EDGE_VARIABLES.probes] || undefined;
  if (probes !== undefined) parseAddress(probes);
  return {
    binary: required(env, EDGE_VARIABLES.binary),
    concurrency,
    drainGraceMs: integer(env, EDGE_VARIABLES.drainGraceMs, 30_000, 0, 86_400_000),
    params: {
      ...params,
      upstreams: { kind: "dns", name: upstream.host, port: upstream.port },
      ...optional("upstreamTls", upstreamTls(env, upstream.host)),
      ...optional("probes", probes),
      ...optional("descriptorFile", path(env[EDGE_VARIABLES.descriptors])),
    },
  };
}

function upstreamTls(env: Env, host: string): UpstreamTls | undefined {
  const caFile = path(env[EDGE_VARIABLES.upstreamCa]);
  const certFile = path(env[EDGE_VARIABLES.upstreamCert]);
  const keyFile = path(env[EDGE_VARIABLES.upstreamKey]);
  if (caFile === undefined) {
    if (certFile === undefined && keyFile === undefined) return undefined;
    throw new Error(`TLS towards the managers needs ${EDGE_VARIABLES.upstreamCa}`);
  }
  return {
    caFile,
    serverName: env[EDGE_VARIABLES.upstreamName] || host,
    ...optional("certFile", certFile),
    ...optional("keyFile", keyFile),
  };
}

function required(env: Env, name: string): string {
  const value = env[name];
  if (!value) throw new Error(`${name} must be set`);
  return value;
}
