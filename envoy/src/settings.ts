import { resolve } from "node:path";
import type { Address, EnvoyParams } from "./params.ts";
import { assertGuarded } from "./render.ts";
import { readTracing } from "./tracing-settings.ts";

type Env = Readonly<Record<string, string | undefined>>;

/** The variables that configure the users' side. */
export const VARIABLES = {
  host: "PODULE_HOST",
  port: "PORT",
  tlsCert: "PODULE_TLS_CERT",
  tlsKey: "PODULE_TLS_KEY",
  clientCa: "PODULE_TLS_CLIENT_CA",
  jwtIssuer: "PODULE_JWT_ISSUER",
  jwks: "PODULE_JWT_JWKS",
  jwtAudiences: "PODULE_JWT_AUDIENCES",
  corsOrigins: "PODULE_CORS_ORIGINS",
  accessLog: "PODULE_ACCESS_LOG",
  concurrency: "PODULE_ENVOY_CONCURRENCY",
} as const;

export interface UserSide {
  readonly host: string;
  readonly port: number;
  readonly params: Pick<EnvoyParams, "listen" | "tls" | "jwt" | "corsOrigins" | "accessLog" | "tracing">;
  readonly concurrency: number;
}

/** Throws with what cannot be, also an address beyond this machine without TLS and a way to know who calls. */
export function readUserSide(env: Env): UserSide {
  const given = env[VARIABLES.host] || "127.0.0.1";
  const host = given === "localhost" ? "127.0.0.1" : given;
  const port = integer(env, VARIABLES.port, 50_051, 0, 65_535);
  const params = {
    listen: listenAddress(host, port),
    ...tls(env),
    ...jwt(env),
    ...optional("corsOrigins", list(env[VARIABLES.corsOrigins])),
    ...optional("accessLog", accessLog(env[VARIABLES.accessLog])),
    ...optional("tracing", readTracing(env)),
  };
  try {
    assertGuarded(params);
  } catch (error) {
    throw new Error(`${error instanceof Error ? error.message : String(error)}\n${HOW_TO_GUARD}`);
  }
  return { host, port, params, concurrency: integer(env, VARIABLES.concurrency, 2, 1, 256) };
}

const HOW_TO_GUARD = `TLS: ${VARIABLES.tlsCert} and ${VARIABLES.tlsKey}; JWT: ${VARIABLES.jwtIssuer} and ${VARIABLES.jwks}; client certificates: ${VARIABLES.clientCa}.`;

function listenAddress(host: string, port: number): Address {
  return `${host.includes(":") ? `[${host}]` : host}:${port}`;
}

function tls(env: Env): Pick<EnvoyParams, "tls"> {
  const certFile = path(env[VARIABLES.tlsCert]);
  const keyFile = path(env[VARIABLES.tlsKey]);
  const clientCaFile = path(env[VARIABLES.clientCa]);
  if (certFile === undefined && keyFile === undefined && clientCaFile === undefined) return {};
  if (certFile === undefined || keyFile === undefined) {
    throw new Error(`TLS needs both ${VARIABLES.tlsCert} and ${VARIABLES.tlsKey}`);
  }
  return { tls: { certFile, keyFile, ...optional("clientCaFile", clientCaFile) } };
}

function jwt(env: Env): Pick<EnvoyParams, "jwt"> {
  const issuer = env[VARIABLES.jwtIssuer] || undefined;
  const jwksFile = path(env[VARIABLES.jwks]);
  if (issuer === undefined && jwksFile === undefined) return {};
  if (issuer === undefined || jwksFile === undefined) {
    throw new Error(`JWT needs both ${VARIABLES.jwtIssuer} and ${VARIABLES.jwks}`);
  }
  return { jwt: { issuer, jwksFile, ...optional("audiences", list(env[VARIABLES.jwtAudiences])) } };
}

function accessLog(text: string | undefined): string | undefined {
  return text === "stdout" ? text : path(text);
}

export function path(text: string | undefined): string | undefined {
  return text ? resolve(text) : undefined;
}

function list(text: string | undefined): string[] | undefined {
  const items = (text ?? "").split(",").map((item) => item.trim());
  const filled = items.filter((item) => item !== "");
  return filled.length === 0 ? undefined : filled;
}

export function optional<K extends string, V>(key: K, value: V | undefined): { [P in K]?: V } {
  const result: { [P in K]?: V } = {};
  if (value !== undefined) result[key] = value;
  return result;
}

export function integer(env: Env, name: string, fallback: number, least: number, most: number): number {
  const text = env[name];
  if (!text) return fallback;
  const value = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
  if (value >= least && value <= most) return value;
  throw new Error(`${name} is a whole number from ${least} to ${most}, not ${JSON.stringify(text)}`);
}
