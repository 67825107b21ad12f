import { accessLogs } from "./access-log.ts";
import { envoyAddress, parseAddress } from "./address.ts";
import { filters, SUBJECT_HEADER } from "./filters.ts";
import { localReplies } from "./local-replies.ts";
import type { EnvoyParams } from "./params.ts";
import { routes } from "./routes.ts";
import { downstreamTransport } from "./tls.ts";
import { tracing } from "./tracing.ts";
import { BUFFER_BYTES, WINDOWS } from "./windows.ts";

/** Where users come in. */
export function listener(params: EnvoyParams): object {
  return {
    name: "users",
    address: envoyAddress(parseAddress(params.listen)),
    per_connection_buffer_limit_bytes: BUFFER_BYTES,
    // Two Envoys must not share a port unseen; connections are spread over the workers all the same.
    enable_reuse_port: false,
    connection_balance_config: { exact_balance: {} },
    filter_chains: [
      {
        filters: [
          { name: "envoy.filters.network.http_connection_manager", typed_config: connectionManager(params) },
        ],
        transport_socket_connect_timeout: "15s",
        ...(params.tls === undefined ? {} : { transport_socket: downstreamTransport(params.tls) }),
      },
    ],
  };
}

const MANAGER =
  "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager";

function connectionManager(params: EnvoyParams): object {
  return {
    "@type": MANAGER,
    stat_prefix: "users",
    // HTTP/2 for gRPC, HTTP/1.1 for gRPC-Web.
    codec_type: "AUTO",
    // A stream may be silent for as long as it likes; one whose client is gone is found by the pings below.
    stream_idle_timeout: "0s",
    request_headers_timeout: "15s",
    drain_timeout: "10s",
    common_http_protocol_options: { idle_timeout: "3600s", max_headers_count: 128 },
    max_request_headers_kb: 64,
    http2_protocol_options: {
      ...WINDOWS,
      max_concurrent_streams: 1024,
      connection_keepalive: { interval: "60s", timeout: "20s" },
    },
    // Nobody outside is trusted: their x-envoy-*, x-forwarded-* and certificate headers are dropped or rewritten.
    use_remote_address: true,
    // Unset, it would trust loopback and private networks; no peer has this address.
    internal_address_config: { cidr_ranges: [{ address_prefix: "255.255.255.255", prefix_len: 32 }] },
    forward_client_cert_details: params.tls?.clientCaFile === undefined ? "SANITIZE" : "SANITIZE_SET",
    ...(params.tls?.clientCaFile === undefined
      ? {}
      : { set_current_client_cert_details: { subject: true, uri: true, dns: true } }),
    // It says who the caller is: a verified token sets it, below.
    early_header_mutation_extensions: [
      {
        name: "envoy.http.early_header_mutation.header_mutation",
        typed_config: {
          "@type":
            "type.googleapis.com/envoy.extensions.http.early_header_mutation.header_mutation.v3.HeaderMutation",
          mutations: [{ remove: SUBJECT_HEADER }],
        },
      },
    ],
    normalize_path: true,
    path_with_escaped_slashes_action: "REJECT_REQUEST",
    ...tracing(params),
    access_log: accessLogs(params.accessLog),
    local_reply_config: localReplies(),
    route_config: routes(params),
    http_filters: filters(params),
  };
}
