import { stringify } from "yaml";
import { envoyAddress, isLocal, parseAddress } from "./address.ts";
import { cluster } from "./cluster.ts";
import { listener } from "./listener.ts";
import type { EnvoyParams } from "./params.ts";
import { probes } from "./probes.ts";
import { secrets } from "./tls.ts";
import { tracingClusters } from "./tracing.ts";

/**
 * Envoy's whole configuration, the same on one machine and in a cluster but for the parameters. Throws when a parameter is malformed,
 * when the admin interface could be reached from another machine, or users without TLS and JWT or client certificates could.
 */
export function renderEnvoy(params: EnvoyParams): string {
  const admin = parseAddress(params.admin);
  if (!isLocal(admin)) {
    throw new Error(
      `The admin address ${params.admin} can be reached from other machines: use a loopback address or a unix socket`,
    );
  }
  assertGuarded(params);
  return yaml({
    node: { id: "podule", cluster: "podule" },
    admin: { address: envoyAddress(admin) },
    static_resources: {
      listeners: [listener(params), ...probes(params)],
      clusters: [cluster(params), ...tracingClusters(params)],
    },
    overload_manager: overloadManager(params),
    layered_runtime: { layers: [{ name: "podule", static_layer: RUNTIME }] },
  });
}

/** The files of `secretsDir`, by name. */
export function renderSecrets(params: Pick<EnvoyParams, "tls" | "upstreamTls">): ReadonlyMap<string, string> {
  return new Map([...secrets(params)].map(([name, content]) => [name, yaml(content)]));
}

/** Quoted: Envoy reads YAML 1.1, to which a bare `n` or `yes` is no text. */
function yaml(content: object): string {
  const style = { defaultStringType: "QUOTE_DOUBLE", defaultKeyType: "PLAIN" } as const;
  return stringify(content, { lineWidth: 0, version: "1.1", ...style });
}

/** Whoever can call can run Python: beyond this machine only with encryption and with knowing who calls. */
export function assertGuarded({ listen, tls, jwt }: Pick<EnvoyParams, "listen" | "tls" | "jwt">): void {
  if (isLocal(parseAddress(listen))) return;
  const missing = [
    ...(tls === undefined ? ["TLS (a certificate and its key)"] : []),
    ...(jwt === undefined && tls?.clientCaFile === undefined
      ? ["JWT (issuer and key set) or a client CA"]
      : []),
  ];
  if (missing.length > 0) {
    throw new Error(
      `${listen} can be reached from other machines: that needs ${missing.join(" and ")}. Without, listen on 127.0.0.1`,
    );
  }
}

/**
 * A client that resets most of its streams within a second of opening them loses its connection after so many. High enough for many
 * calls with short deadlines on one connection.
 */
const RUNTIME = {
  "overload.premature_reset_total_stream_count": 10_000,
  "overload.premature_reset_min_stream_lifetime_seconds": 1,
};

function overloadManager({ maxConnections = 10_000 }: EnvoyParams): object {
  const type =
    "type.googleapis.com/envoy.extensions.resource_monitors.downstream_connections.v3.DownstreamConnectionsConfig";
  return {
    resource_monitors: [
      {
        name: "envoy.resource_monitors.global_downstream_max_connections",
        typed_config: { "@type": type, max_active_downstream_connections: maxConnections },
      },
    ],
  };
}
