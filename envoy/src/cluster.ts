import { isIP } from "node:net";
import { envoyAddress, type ParsedAddress, parseAddress } from "./address.ts";
import type { EnvoyParams, Upstreams } from "./params.ts";
import { upstreamTransport } from "./tls.ts";
import { BUFFER_BYTES, WINDOWS } from "./windows.ts";

export const CLUSTER = "pod_manager";

/** The pod managers. */
export function cluster({ upstreams, upstreamTls }: EnvoyParams): object {
  const addresses = upstreamAddresses(upstreams);
  const resolves = addresses.some((address) => address.kind === "tcp" && isIP(address.host) === 0);
  if (resolves && addresses.some(({ kind }) => kind === "unix")) {
    throw new Error("Upstreams are either unix sockets and IP addresses, or host names and IP addresses");
  }
  return {
    name: CLUSTER,
    ...(resolves ? DNS : { type: "STATIC" }),
    connect_timeout: "5s",
    per_connection_buffer_limit_bytes: BUFFER_BYTES,
    // Each call goes to the manager with fewer calls, whatever connection it came by.
    lb_policy: "LEAST_REQUEST",
    common_lb_config: COMMON_LB,
    circuit_breakers: CIRCUIT_BREAKERS,
    health_checks: [HEALTH_CHECK],
    outlier_detection: OUTLIER_DETECTION,
    typed_extension_protocol_options: {
      "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": HTTP2,
    },
    ...(upstreamTls === undefined ? {} : { transport_socket: upstreamTransport(upstreamTls) }),
    load_assignment: {
      cluster_name: CLUSTER,
      endpoints: [
        { lb_endpoints: addresses.map((address) => ({ endpoint: { address: endpoint(address) } })) },
      ],
    },
  };
}

function upstreamAddresses(upstreams: Upstreams): ParsedAddress[] {
  if (upstreams.kind === "dns") return [{ kind: "tcp", host: upstreams.name, port: upstreams.port }];
  if (upstreams.addresses.length === 0) throw new Error("At least one upstream is needed");
  return upstreams.addresses.map(parseAddress);
}

function endpoint(address: ParsedAddress): object {
  return address.kind === "unix" ? { pipe: { path: address.path } } : envoyAddress(address);
}

const DNS = {
  type: "STRICT_DNS",
  dns_lookup_family: "ALL",
  dns_refresh_rate: "5s",
  dns_failure_refresh_rate: { base_interval: "0.5s", max_interval: "5s" },
  // A manager whose name is gone is about to end: no more calls for it, though it still answers health checks.
  ignore_health_on_host_removal: true,
};

/** When no manager is known to be healthy, ask them all: they answer for themselves, and a slow health check is no outage. */
const COMMON_LB = { healthy_panic_threshold: { value: 1 } };

/** A bound on what waits inside Envoy; beyond it a call is answered at once (see `local-replies.ts`). */
const CIRCUIT_BREAKERS = {
  thresholds: [
    {
      max_connections: 4096,
      max_pending_requests: 16_384,
      max_requests: 65_536,
      // Only calls that no manager has seen are sent again (see `routes.ts`): that adds no load to a manager.
      retry_budget: { budget_percent: { value: 100 }, min_retry_concurrency: 1024 },
    },
  ],
};

const HEALTH_CHECK = {
  timeout: "5s",
  interval: "2s",
  no_traffic_interval: "2s",
  unhealthy_interval: "0.5s",
  unhealthy_edge_interval: "0.5s",
  interval_jitter: "0.2s",
  unhealthy_threshold: 2,
  healthy_threshold: 1,
  reuse_connection: true,
  grpc_health_check: {},
};

/**
 * Only connections that fail or break eject a manager. Statuses do not: they are what the users' own functions raise,
 * and one user's errors must not take a manager from the others.
 */
const OUTLIER_DETECTION = {
  split_external_local_origin_errors: true,
  consecutive_local_origin_failure: 5,
  enforcing_consecutive_local_origin_failure: 100,
  enforcing_local_origin_success_rate: 0,
  enforcing_consecutive_5xx: 0,
  enforcing_consecutive_gateway_failure: 0,
  enforcing_success_rate: 0,
  enforcing_failure_percentage: 0,
  enforcing_failure_percentage_local_origin: 0,
  interval: "1s",
  base_ejection_time: "2s",
  max_ejection_time: "30s",
  max_ejection_percent: 50,
};

const HTTP2 = {
  "@type": "type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions",
  explicit_http_config: {
    http2_protocol_options: {
      ...WINDOWS,
      // Beyond it another connection is made: what ends one connection never ends more calls than these.
      max_concurrent_streams: 100,
      connection_keepalive: { interval: "30s", timeout: "20s" },
    },
  },
};
