import { VARIABLES as ENVOY_VARIABLES, type EnvoyParams, readUserSide } from "@podule/envoy";
import { UserError } from "../user-error.ts";

type Env = Readonly<Record<string, string | undefined>>;

export interface Settings {
  readonly host: string;
  readonly port: number;
  /** What is deployed at the start; undefined for nothing. */
  readonly module: string | undefined;
  readonly envoy: Omit<EnvoyParams, "admin" | "upstreams">;
  readonly envoyConcurrency: number;
}

/** The launcher's own variables; those of the manager are passed on to it. */
export const VARIABLES = { ...ENVOY_VARIABLES, module: "PODULE_MODULE" } as const;

/** Throws UserError: a value that cannot be, or an address beyond this machine without TLS and a way to know who calls. */
export function readSettings(env: Env): Settings {
  const { host, port, params, concurrency } = userSide(env);
  return {
    host,
    port,
    module: env[VARIABLES.module] === undefined ? "numpy" : env[VARIABLES.module] || undefined,
    envoy: params,
    envoyConcurrency: concurrency,
  };
}

function userSide(env: Env): ReturnType<typeof readUserSide> {
  try {
    return readUserSide(env);
  } catch (error) {
    throw new UserError(error instanceof Error ? error.message : String(error));
  }
}
