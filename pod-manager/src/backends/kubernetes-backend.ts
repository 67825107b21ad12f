import { credentials as grpcCredentials } from "@grpc/grpc-js";
import type { Config } from "../config.ts";
import { createEnvironments } from "../environments/environments.ts";
import { createPodEnvironments } from "../environments/pod-environments.ts";
import { createKubernetesClient } from "../kubernetes/client.ts";
import { createLeaseElection } from "../kubernetes/lease-election.ts";
import type { KubernetesConfig } from "../kubernetes-config.ts";
import { createKubernetesModuleStore } from "../modules/kubernetes-module-store.ts";
import { createNoSources } from "../modules/no-sources.ts";
import { ENVIRONMENTS_FOLDER } from "../pods/kubernetes/environment-manifest.ts";
import { createKubernetesPods } from "../pods/kubernetes/kubernetes-pods.ts";
import { podCredentials } from "../pods/kubernetes/pod-credentials.ts";
import type { PodBackend } from "../pods/pod-backend.ts";
import type { Backend } from "./backend.ts";

const LEASE = "podule-manager";
const IMPORT_TIMEOUT_MS = 60_000;
const START_TIMEOUT_MS = 90_000;

/** Pods are Pods, modules are Modules, and the holder of a Lease decides. */
export async function createKubernetesBackend(
  config: Config,
  kubernetes: KubernetesConfig,
): Promise<Backend> {
  const { namespace, drainGraceMs, sessionGraceMs, maxMessageBytes } = config;
  const { qps, podTls, replicaTls } = kubernetes;
  const client = await createKubernetesClient({ qps, burst: 2 * qps });
  let address = "";
  const leadership = createLeaseElection({
    client,
    namespace,
    name: LEASE,
    identity: () => `${kubernetes.podName}/${address}`,
    log,
  });
  const credentials = podTls === undefined ? () => grpcCredentials.createInsecure() : podCredentials(podTls);
  return {
    store: createKubernetesModuleStore({ client, namespace, leadership, log }),
    sources: createNoSources(),
    environments: createPodEnvironments(
      createEnvironments({ cacheDir: config.cacheDir, uv: config.uv }),
      ENVIRONMENTS_FOLDER,
    ),
    ...startablePods(),
    podsOfCalls: (pods) => ({ ...pods, drainPod: async () => {} }),
    replicas: {
      leadership,
      ...(replicaTls === undefined ? {} : { credentials: podCredentials(replicaTls) }),
      join(listening) {
        address = `${kubernetes.podIp}:${listening.slice(listening.lastIndexOf(":") + 1)}`;
        leadership.start();
      },
      leave: leadership.close,
    },
    async close() {
      client.close();
    },
  };

  function startablePods(): { readonly pods: PodBackend; start(): Promise<void> } {
    const pods = createKubernetesPods({
      ...kubernetes.pods,
      client,
      namespace,
      isLeader: leadership.isLeader,
      credentials,
      drainGraceMs,
      sessionGraceMs,
      maxMessageBytes,
      importTimeoutMs: IMPORT_TIMEOUT_MS,
      startTimeoutMs: START_TIMEOUT_MS,
      log,
    });
    return { pods, start: pods.start };
  }
}

function log(message: string): void {
  process.stderr.write(`podule-manager: ${message}\n`);
}
