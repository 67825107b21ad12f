import type { ListenerTls, UpstreamTls } from "./params.ts";

const TYPE = "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3";

export function downstreamTransport(tls: ListenerTls): object {
  return {
    name: "envoy.transport_sockets.tls",
    typed_config: {
      "@type": `${TYPE}.DownstreamTlsContext`,
      require_client_certificate: tls.clientCaFile !== undefined,
      common_tls_context: {
        ...COMMON,
        alpn_protocols: ["h2", "http/1.1"],
        tls_certificates: [certificate(tls.certFile, tls.keyFile)],
        ...(tls.clientCaFile === undefined ? {} : { validation_context: trust(tls.clientCaFile) }),
      },
    },
  };
}

export function upstreamTransport(tls: UpstreamTls): object {
  if ((tls.certFile === undefined) !== (tls.keyFile === undefined)) {
    throw new Error("The certificate towards the managers needs both its file and its key's file");
  }
  return {
    name: "envoy.transport_sockets.tls",
    typed_config: {
      "@type": `${TYPE}.UpstreamTlsContext`,
      sni: tls.serverName,
      common_tls_context: {
        ...COMMON,
        alpn_protocols: ["h2"],
        ...(tls.certFile === undefined || tls.keyFile === undefined
          ? {}
          : { tls_certificates: [certificate(tls.certFile, tls.keyFile)] }),
        validation_context: {
          ...trust(tls.caFile),
          match_typed_subject_alt_names: [{ san_type: "DNS", matcher: { exact: tls.serverName } }],
        },
      },
    },
  };
}

const COMMON = { tls_params: { tls_minimum_protocol_version: "TLSv1_2" } };

function certificate(certFile: string, keyFile: string): object {
  return { certificate_chain: { filename: certFile }, private_key: { filename: keyFile } };
}

function trust(caFile: string): object {
  return { trusted_ca: { filename: caFile } };
}
