import { envoyAddress, parseAddress } from "./address.ts";
import { CLUSTER } from "./cluster.ts";
import type { EnvoyParams } from "./params.ts";

const HTTP = "type.googleapis.com/envoy.extensions.filters";

/** For an orchestrator, whose probes have neither certificate nor token. */
export function probes({ probes: address }: EnvoyParams): object[] {
  if (address === undefined) return [];
  return [
    {
      name: "probes",
      address: envoyAddress(parseAddress(address)),
      enable_reuse_port: false,
      // Goes on answering, with 503, while the users' connections drain.
      drain_type: "MODIFY_ONLY",
      filter_chains: [
        { filters: [{ name: "envoy.filters.network.http_connection_manager", typed_config: MANAGER }] },
      ],
    },
  ];
}

/** 200 where Envoy does not drain, and the conditions hold; else 503. */
function answering(path: string, conditions = {}): object {
  return {
    name: `envoy.filters.http.health_check${path.replace("/", ".")}`,
    typed_config: {
      "@type": `${HTTP}.http.health_check.v3.HealthCheck`,
      pass_through_mode: false,
      headers: [{ name: ":path", string_match: { exact: path } }],
      ...conditions,
    },
  };
}

const MANAGER = {
  "@type": `${HTTP}.network.http_connection_manager.v3.HttpConnectionManager`,
  stat_prefix: "probes",
  codec_type: "HTTP1",
  stream_idle_timeout: "15s",
  request_headers_timeout: "5s",
  common_http_protocol_options: { idle_timeout: "30s", max_headers_count: 32 },
  route_config: {
    name: "probes",
    virtual_hosts: [
      {
        name: "probes",
        domains: ["*"],
        routes: [{ match: { prefix: "/" }, direct_response: { status: 404 } }],
      },
    ],
  },
  http_filters: [
    answering("/ready"),
    answering("/started", { cluster_min_healthy_percentages: { [CLUSTER]: { value: 1 } } }),
    {
      name: "envoy.filters.http.router",
      typed_config: { "@type": `${HTTP}.http.router.v3.Router` },
    },
  ],
};
