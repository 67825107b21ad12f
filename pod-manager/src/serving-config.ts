import type { CertificateFiles } from "@podule/grpc";
import { isLoopback, type ListenAddress, parseListenAddress } from "./listen-address.ts";

export const SERVING_VARIABLES = {
  listen: "PODULE_LISTEN",
  healthListen: "PODULE_HEALTH_LISTEN",
  certFile: "PODULE_TLS_CERT_FILE",
  keyFile: "PODULE_TLS_KEY_FILE",
  clientCaFile: "PODULE_TLS_CLIENT_CA_FILE",
} as const;

export interface ServingConfig {
  readonly listen: ListenAddress;
  /** Where grpc.health.v1 alone is served, without TLS: a kubelet's probes know none. */
  readonly healthListen: ListenAddress | undefined;
  readonly tls: CertificateFiles | undefined;
}

/** `problems` gets what is wrong, each beginning with its variable's name. */
export function readServingConfig(
  env: Readonly<Record<string, string | undefined>>,
  problems: string[],
): ServingConfig {
  const text = (name: string): string | undefined => (env[name] === "" ? undefined : env[name]);
  const tls = readTls();
  const nowhere: ListenAddress = { kind: "tcp", host: "127.0.0.1", port: 0, text: "127.0.0.1:0" };
  const { listen, healthListen } = SERVING_VARIABLES;
  if (text(listen) === undefined) problems.push(`${listen}: required: 127.0.0.1:PORT or unix:/path`);
  return {
    listen: address(listen) ?? nowhere,
    healthListen: address(healthListen),
    tls,
  };

  function address(name: string): ListenAddress | undefined {
    const wanted = text(name);
    if (wanted === undefined) return undefined;
    try {
      const parsed = parseListenAddress(wanted);
      if (name !== listen || isLoopback(parsed) || tls?.clientCaFile !== undefined) return parsed;
      problems.push(
        `${name}: ${wanted} can be reached from other machines, and no authentication is configured: ` +
          "listen on 127.0.0.1, [::1] or a unix socket, behind Envoy, or ask for client certificates " +
          `(${SERVING_VARIABLES.clientCaFile})`,
      );
    } catch (error) {
      problems.push(`${name}: ${error instanceof Error ? error.message : String(error)}`);
    }
    return undefined;
  }

  function readTls(): CertificateFiles | undefined {
    const certFile = text(SERVING_VARIABLES.certFile);
    const keyFile = text(SERVING_VARIABLES.keyFile);
    const clientCaFile = text(SERVING_VARIABLES.clientCaFile);
    if (certFile === undefined && keyFile === undefined && clientCaFile === undefined) return undefined;
    if (certFile === undefined || keyFile === undefined) {
      problems.push(`${SERVING_VARIABLES.certFile}: needed, with ${SERVING_VARIABLES.keyFile}, for TLS`);
      return undefined;
    }
    return { certFile, keyFile, ...(clientCaFile === undefined ? {} : { clientCaFile }) };
  }
}
