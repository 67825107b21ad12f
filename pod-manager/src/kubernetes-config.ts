import { hostname } from "node:os";
import type { PodCertificateFiles } from "./pods/kubernetes/pod-credentials.ts";
import { readPodSettings } from "./pods/kubernetes/settings.ts";

export const KUBERNETES_VARIABLES = {
  backend: "PODULE_BACKEND",
  podName: "POD_NAME",
  podIp: "POD_IP",
  qps: "PODULE_KUBE_QPS",
  certFile: "PODULE_POD_TLS_CERT_FILE",
  keyFile: "PODULE_POD_TLS_KEY_FILE",
  caFile: "PODULE_POD_TLS_CA_FILE",
  podTlsName: "PODULE_POD_TLS_NAME",
  replicaTlsName: "PODULE_REPLICA_TLS_NAME",
} as const;

export interface KubernetesConfig {
  /** This replica's name, and how others reach it. */
  readonly podName: string;
  readonly podIp: string;
  /** Requests a second to the API server. */
  readonly qps: number;
  readonly pods: ReturnType<typeof readPodSettings>;
  /** For connections to pods. Undefined: without TLS. */
  readonly podTls: PodCertificateFiles | undefined;
  /** For connections to other replicas. Undefined: without TLS. */
  readonly replicaTls: PodCertificateFiles | undefined;
}

const QPS = 100;

/** Undefined for the local backend. `problems` gets what is wrong, each beginning with its variable's name. */
export function readKubernetesConfig(
  env: Readonly<Record<string, string | undefined>>,
  problems: string[],
): KubernetesConfig | undefined {
  const text = (name: string): string | undefined => (env[name] === "" ? undefined : env[name]);
  const backend = text(KUBERNETES_VARIABLES.backend) ?? "local";
  if (backend === "local") return undefined;
  if (backend !== "kubernetes") {
    problems.push(`${KUBERNETES_VARIABLES.backend}: must be "local" or "kubernetes"`);
    return undefined;
  }
  const qps = text(KUBERNETES_VARIABLES.qps) ?? String(QPS);
  if (!/^[1-9][0-9]{0,4}$/.test(qps))
    problems.push(`${KUBERNETES_VARIABLES.qps}: must be a whole number from 1 to 99999`);
  return {
    podName: text(KUBERNETES_VARIABLES.podName) ?? `${hostname()}-${process.pid}`,
    podIp: text(KUBERNETES_VARIABLES.podIp) ?? "127.0.0.1",
    qps: Number(qps),
    pods: readPodSettings(env, problems),
    podTls: tls(text(KUBERNETES_VARIABLES.podTlsName) ?? "podule-module"),
    replicaTls: tls(text(KUBERNETES_VARIABLES.replicaTlsName) ?? "podule-manager"),
  };

  function tls(name: string): PodCertificateFiles | undefined {
    const certFile = text(KUBERNETES_VARIABLES.certFile);
    const keyFile = text(KUBERNETES_VARIABLES.keyFile);
    const caFile = text(KUBERNETES_VARIABLES.caFile);
    if (certFile === undefined && keyFile === undefined && caFile === undefined) return undefined;
    if (certFile !== undefined && keyFile !== undefined && caFile !== undefined)
      return { certFile, keyFile, caFile, name };
    const { certFile: a, keyFile: b, caFile: c } = KUBERNETES_VARIABLES;
    const problem = `${a}: ${a}, ${b} and ${c} go together`;
    if (!problems.includes(problem)) problems.push(problem);
    return undefined;
  }
}
