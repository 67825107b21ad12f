import { dirname, join } from "node:path";
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
        ...(tls.secretsDir === undefined ? inPlace(tls) : bySecrets(tls, tls.secretsDir)),
      },
    },
  };
}

function inPlace(tls: ListenerTls): object {
  return {
    tls_certificates: [certificate(tls.certFile, tls.keyFile)],
    ...(tls.clientCaFile === undefined ? {} : { validation_context: trust(tls.clientCaFile) }),
  };
}

const CERTIFICATE = "certificate";
const CLIENT_CA = "client_ca";

function bySecrets(tls: ListenerTls, folder: string): object {
  const secret = (name: string) => ({
    name,
    sds_config: {
      path_config_source: { path: join(folder, `${name}.yaml`) },
      resource_api_version: "V3",
    },
  });
  return {
    tls_certificate_sds_secret_configs: [secret(CERTIFICATE)],
    ...(tls.clientCaFile === undefined ? {} : { validation_context_sds_secret_config: secret(CLIENT_CA) }),
  };
}

/** What Envoy watches, by file name: it reads the certificates again when files are moved to where these are. */
export function secrets(tls: ListenerTls): ReadonlyMap<string, object> {
  const watched = (file: string) => ({ watched_directory: { path: dirname(file) } });
  const file = (name: string, secret: object) =>
    [`${name}.yaml`, { resources: [{ "@type": `${TYPE}.Secret`, name, ...secret }] }] as const;
  const pair = { ...certificate(tls.certFile, tls.keyFile), ...watched(tls.certFile) };
  const { clientCaFile } = tls;
  return new Map([
    file(CERTIFICATE, { tls_certificate: pair }),
    ...(clientCaFile === undefined
      ? []
      : [file(CLIENT_CA, { validation_context: { ...trust(clientCaFile), ...watched(clientCaFile) } })]),
  ]);
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
