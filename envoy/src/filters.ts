import { METHODS } from "./methods.ts";
import type { EnvoyParams, Jwt } from "./params.ts";

/** Tells the manager whom the token names; nobody else can set it. */
export const SUBJECT_HEADER = "x-podule-subject";
const TYPE = "type.googleapis.com/envoy.extensions.filters.http";

/** In the order in which a request passes them. */
export function filters({ jwt, descriptorFile }: EnvoyParams): object[] {
  return [
    filter("cors", "cors.v3.Cors"),
    filter("grpc_web", "grpc_web.v3.GrpcWeb"),
    ...(jwt === undefined ? [] : [filter("jwt_authn", "jwt_authn.v3.JwtAuthentication", jwtRules(jwt))]),
    ...(descriptorFile === undefined ? [] : [transcoder(descriptorFile)]),
    filter("grpc_stats", "grpc_stats.v3.FilterConfig", {
      // Only methods that are known: a client could make statistics without end by inventing names.
      individual_method_stats_allowlist: { services: METHODS },
      enable_upstream_stats: true,
      emit_filter_state: true,
    }),
    filter("router", "router.v3.Router", { suppress_envoy_headers: true }),
  ];
}

function filter(name: string, type: string, config: object = {}): object {
  return { name: `envoy.filters.http.${name}`, typed_config: { "@type": `${TYPE}.${type}`, ...config } };
}

/** JSON in and out at the gRPC paths; the items of a stream come as a line of JSON each. */
function transcoder(descriptorFile: string): object {
  return filter("grpc_json_transcoder", "grpc_json_transcoder.v3.GrpcJsonTranscoder", {
    proto_descriptor: descriptorFile,
    services: TRANSCODED,
    auto_mapping: true,
    match_incoming_request_route: true,
    convert_grpc_status: true,
    max_request_body_size: MAX_JSON_BYTES,
    print_options: { preserve_proto_field_names: true, stream_newline_delimited: true },
    request_validation_options: { reject_unknown_method: true, reject_unknown_query_parameters: true },
  });
}

const MAX_JSON_BYTES = 8 * 1024 * 1024;
const TRANSCODED = METHODS.map(({ name }) => name);

function jwtRules({ issuer, jwksFile, audiences }: Jwt): object {
  return {
    providers: {
      users: {
        issuer,
        ...(audiences === undefined ? {} : { audiences }),
        local_jwks: { filename: jwksFile },
        require_expiration: true,
        claim_to_headers: [{ header_name: SUBJECT_HEADER, claim_name: "sub" }],
        clock_skew_seconds: 30,
      },
    },
    rules: [
      // For probes that cannot have a token: says SERVING or not, nothing else.
      { match: { path: "/grpc.health.v1.Health/Check" } },
      { match: { prefix: "/" }, requires: { provider_name: "users" } },
    ],
    bypass_cors_preflight: true,
  };
}
