import { isIP } from "node:net";
import type { EnvoyParams, Tracing } from "./params.ts";

const CLUSTER = "otlp";
const TYPE = "type.googleapis.com/envoy";
const SERVICE = "podule-envoy";
const VERSION = "0.1.0";

/** Envoy's span of each call: the root of its trace, or a child of the client's. Whether it is exported, the client decides, else the ratio. */
export function tracing({ tracing: params }: EnvoyParams): object {
  if (params === undefined) return {};
  return {
    tracing: {
      // The sampler below decides.
      random_sampling: { value: 100 },
      operation: "%REQ(:PATH)%",
      custom_tags: [
        { tag: "rpc.system.name", literal: { value: "grpc" } },
        { tag: "rpc.method", value: "%REQ(:PATH)%" },
        { tag: "rpc.response.status_code", value: "%GRPC_STATUS(SNAKE_STRING)%" },
      ],
      provider: {
        name: "envoy.tracers.opentelemetry",
        typed_config: {
          "@type": `${TYPE}.config.trace.v3.OpenTelemetryConfig`,
          grpc_service: {
            envoy_grpc: { cluster_name: CLUSTER },
            timeout: "10s",
            initial_metadata: params.headers.map(([key, value]) => ({ key, value })),
          },
          service_name: SERVICE,
          sampler: sampler(params),
          resource_detectors: [
            {
              name: "envoy.tracers.opentelemetry.resource_detectors.static_config",
              typed_config: {
                "@type": `${TYPE}.extensions.tracers.opentelemetry.resource_detectors.v3.StaticConfigResourceDetectorConfig`,
                attributes: {
                  "service.namespace": "podule",
                  "service.version": VERSION,
                  ...params.attributes,
                },
              },
            },
          ],
        },
      },
    },
  };
}

function sampler({ ratio, parentBased }: Tracing): object {
  const named = (name: string, config: string, fields: object) => ({
    name: `envoy.tracers.opentelemetry.samplers.${name}`,
    typed_config: { "@type": `${TYPE}.extensions.tracers.opentelemetry.samplers.v3.${config}`, ...fields },
  });
  const root = named("trace_id_ratio_based", "TraceIdRatioBasedSamplerConfig", {
    sampling_percentage: { numerator: Math.round(ratio * 1_000_000), denominator: "MILLION" },
  });
  return parentBased ? named("parent_based", "ParentBasedSamplerConfig", { wrapped_sampler: root }) : root;
}

/** Where Envoy's spans go. */
export function tracingClusters({ tracing: params }: EnvoyParams): object[] {
  if (params === undefined) return [];
  const { host, port, tls } = endpointOf(params);
  return [
    {
      name: CLUSTER,
      type: isIP(host) === 0 ? "STRICT_DNS" : "STATIC",
      connect_timeout: "5s",
      circuit_breakers: { thresholds: [{ max_pending_requests: 64, max_requests: 64 }] },
      typed_extension_protocol_options: {
        "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {
          "@type": `${TYPE}.extensions.upstreams.http.v3.HttpProtocolOptions`,
          explicit_http_config: { http2_protocol_options: {} },
        },
      },
      ...(tls
        ? {
            transport_socket: {
              name: "envoy.transport_sockets.tls",
              typed_config: {
                "@type": `${TYPE}.extensions.transport_sockets.tls.v3.UpstreamTlsContext`,
                sni: host,
                common_tls_context: {
                  alpn_protocols: ["h2"],
                  validation_context: {
                    trusted_ca: { filename: params.caFile ?? SYSTEM_CA },
                    match_typed_subject_alt_names: [
                      { san_type: isIP(host) === 0 ? "DNS" : "IP_ADDRESS", matcher: { exact: host } },
                    ],
                  },
                },
              },
            },
          }
        : {}),
      load_assignment: {
        cluster_name: CLUSTER,
        endpoints: [
          {
            lb_endpoints: [
              { endpoint: { address: { socket_address: { address: host, port_value: port } } } },
            ],
          },
        ],
      },
    },
  ];
}

const SYSTEM_CA = "/etc/ssl/certs/ca-certificates.crt";

function endpointOf({ endpoint }: Tracing): { host: string; port: number; tls: boolean } {
  const url = new URL(endpoint);
  const tls = url.protocol === "https:";
  return { host: url.hostname.replace(/^\[|\]$/g, ""), port: Number(url.port || (tls ? 443 : 80)), tls };
}
