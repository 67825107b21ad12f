const PATH = {
  stdout: "type.googleapis.com/envoy.extensions.access_loggers.stream.v3.StdoutAccessLog",
  file: "type.googleapis.com/envoy.extensions.access_loggers.file.v3.FileAccessLog",
};

/** One JSON object a line for each call, when it has ended. */
export function accessLogs(target: string | undefined): object[] {
  if (target === undefined) return [];
  const log_format = { json_format: FIELDS };
  return target === "stdout"
    ? [{ name: "envoy.access_loggers.stdout", typed_config: { "@type": PATH.stdout, log_format } }]
    : [{ name: "envoy.access_loggers.file", typed_config: { "@type": PATH.file, path: target, log_format } }];
}

/** No bodies, and no headers but these: metadata may be secret. */
const FIELDS = {
  time: "%START_TIME(%Y-%m-%dT%H:%M:%S.%3fZ)%",
  method: "%REQ(:METHOD)%",
  path: "%PATH(NQ)%",
  protocol: "%PROTOCOL%",
  grpc_status: "%GRPC_STATUS(SNAKE_STRING)%",
  http_status: "%RESPONSE_CODE%",
  duration_ms: "%DURATION%",
  first_byte_ms: "%RESPONSE_DURATION%",
  bytes_in: "%BYTES_RECEIVED%",
  bytes_out: "%BYTES_SENT%",
  flags: "%RESPONSE_FLAGS%",
  details: "%RESPONSE_CODE_DETAILS%",
  upstream: "%UPSTREAM_HOST%",
  client: "%DOWNSTREAM_REMOTE_ADDRESS%",
  user_agent: "%REQ(USER-AGENT)%",
  request_id: "%REQ(X-REQUEST-ID)%",
  traceparent: "%REQ(TRACEPARENT)%",
  subject: "%DOWNSTREAM_PEER_SUBJECT%",
};
