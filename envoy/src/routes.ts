import { CLUSTER } from "./cluster.ts";
import type { EnvoyParams } from "./params.ts";

/** gRPC goes to the managers; everything else is told what this port is. */
export function routes({ corsOrigins, descriptorFile }: EnvoyParams): object {
  return {
    name: "users",
    virtual_hosts: [
      {
        name: "all",
        domains: ["*"],
        typed_per_filter_config: { "envoy.filters.http.cors": corsPolicy(corsOrigins) },
        routes: [
          ...foreignOrigins(corsOrigins),
          { match: contentType("application/grpc"), route: TO_MANAGERS },
          ...(descriptorFile === undefined
            ? []
            : [{ match: contentType("application/json"), route: TO_MANAGERS }]),
          // Answered by the CORS filter, which does so only where a route leads to a cluster.
          { match: { prefix: "/", headers: PREFLIGHT }, route: TO_MANAGERS },
          { match: { prefix: "/" }, direct_response: NO_GRPC },
        ],
      },
    ],
  };
}

function contentType(prefix: string): object {
  return { prefix: "/", headers: [{ name: "content-type", string_match: { prefix } }] };
}

const TO_MANAGERS = {
  cluster: CLUSTER,
  // The manager keeps the call's deadline (grpc-timeout). A second clock here would end half of such calls a
  // moment earlier, as HTTP 504 or RST_STREAM instead of DEADLINE_EXCEEDED.
  timeout: "0s",
  // A manager that has seen a call may have run it: only calls that none has seen are sent again.
  retry_policy: {
    retry_on: "connect-failure,refused-stream",
    num_retries: 3,
    retry_back_off: { base_interval: "0.025s", max_interval: "0.5s" },
    retry_host_predicate: [
      {
        name: "envoy.retry_host_predicates.previous_hosts",
        typed_config: {
          "@type": "type.googleapis.com/envoy.extensions.retry.host.previous_hosts.v3.PreviousHostsPredicate",
        },
      },
    ],
    host_selection_retry_max_attempts: 5,
  },
};

const PREFLIGHT = [
  { name: ":method", string_match: { exact: "OPTIONS" } },
  { name: "origin", present_match: true },
  { name: "access-control-request-method", present_match: true },
];

const NO_GRPC = {
  status: 415,
  body: {
    inline_string:
      "This is Podule's gRPC and gRPC-Web endpoint: the content-type must be application/grpc or application/grpc-web.\nTry: grpcurl -plaintext HOST:PORT list\n",
  },
};

/**
 * A browser says on whose behalf it posts, also where a page has pointed its own name at this address. Pages of other origins may not
 * call, whatever they send.
 */
function foreignOrigins(origins: readonly string[] | undefined): object[] {
  if (origins?.includes("*")) return [];
  return [
    {
      match: {
        prefix: "/",
        headers: [
          { name: "origin", present_match: true },
          {
            name: "origin",
            string_match: { safe_regex: { regex: originRegex(origins) } },
            invert_match: true,
          },
        ],
      },
      direct_response: {
        status: 403,
        body: {
          inline_string: "Web pages of this origin may not call: see the setting for allowed origins.\n",
        },
      },
    },
  ];
}

function originRegex(origins: readonly string[] | undefined): string {
  if (origins === undefined) return String.raw`https?://(localhost|127\.0\.0\.1|\[::1\])(:\d+)?`;
  return origins.map((origin) => origin.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")).join("|");
}

function corsPolicy(origins: readonly string[] | undefined): object {
  const any = origins?.includes("*") === true;
  return {
    "@type": "type.googleapis.com/envoy.extensions.filters.http.cors.v3.CorsPolicy",
    allow_origin_string_match: [{ safe_regex: { regex: any ? ".*" : originRegex(origins) } }],
    allow_methods: "POST, OPTIONS",
    allow_headers:
      "authorization, content-type, grpc-timeout, traceparent, tracestate, x-grpc-web, x-user-agent, x-request-id",
    expose_headers: "grpc-status, grpc-message, grpc-status-details-bin",
    max_age: "7200",
  };
}
