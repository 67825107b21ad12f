import { dirname, join } from "node:path";
import type { EnvoyParams, ListenerTls, UpstreamTls } from "./params.ts";

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
const UPSTREAM_CERTIFICATE = "upstream_certificate";
const UPSTREAM_CA = "upstream_ca";

function bySecrets(tls: ListenerTls, folder: string): object {
  return {
    tls_certificate_sds_secret_configs: [secretOf(CERTIFICATE, folder)],
    ...(tls.clientCaFile === undefined
      ? {}
      : { validation_context_sds_secret_config: secretOf(CLIENT_CA, folder) }),
  };
}

function secretOf(name: string, folder: string): object {
  return {
    name,
    sds_config: {
      path_config_source: { path: join(folder, `${name}.yaml`) },
      resource_api_version: "V3",
    },
  };
}

/** What Envoy watches, by file name: it reads the certificates again when files are moved to where these are. */
export function secrets({
  tls,
  upstreamTls,
}: Pick<EnvoyParams, "tls" | "upstreamTls">): ReadonlyMap<string, object> {
  const found = new Map<string, object>();
  const add = (name: string, secret: object) =>
    found.set(`${name}.yaml`, { resources: [{ "@type": `${TYPE}.Secret`, name, ...secret }] });
  const addPair = (name: string, certFile: string | undefined, keyFile: string | undefined) => {
    if (certFile === undefined || keyFile === undefined) return;
    add(name, { tls_certificate: { ...certificate(certFile, keyFile), ...watched(certFile) } });
  };
  const addTrust = (name: string, caFile: string | undefined) => {
    if (caFile !== undefined) add(name, { validation_context: { ...trust(caFile), ...watched(caFile) } });
  };
  addPair(CERTIFICATE, tls?.certFile, tls?.keyFile);
  addTrust(CLIENT_CA, tls?.clientCaFile);
  addPair(UPSTREAM_CERTIFICATE, upstreamTls?.certFile, upstreamTls?.keyFile);
  addTrust(UPSTREAM_CA, upstreamTls?.caFile);
  return found;
}

function watched(file: string): object {
  return { watched_directory: { path: dirname(file) } };
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
        ...upstreamCertificate(tls),
        ...upstreamTrust(tls),
      },
    },
  };
}

function upstreamCertificate({ certFile, keyFile, secretsDir }: UpstreamTls): object {
  if (certFile === undefined || keyFile === undefined) return {};
  if (secretsDir === undefined) return { tls_certificates: [certificate(certFile, keyFile)] };
  return { tls_certificate_sds_secret_configs: [secretOf(UPSTREAM_CERTIFICATE, secretsDir)] };
}

function upstreamTrust({ caFile, serverName, secretsDir }: UpstreamTls): object {
  const names = { match_typed_subject_alt_names: [{ san_type: "DNS", matcher: { exact: serverName } }] };
  if (secretsDir === undefined) return { validation_context: { ...trust(caFile), ...names } };
  return {
    combined_validation_context: {
      default_validation_context: names,
      validation_context_sds_secret_config: secretOf(UPSTREAM_CA, secretsDir),
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
