import { hostname } from "node:os";
import type { Variables } from "./trace-settings.ts";

const VERSION = "0.1.0";

/** Attributes of the resource that this process is, besides its service's name and instance. OTEL_RESOURCE_ATTRIBUTES come on top. */
export function resourceAttributes(
  env: Variables,
  module?: { readonly id: string; readonly revision: string | undefined },
): Record<string, string> {
  const inCluster = env["KUBERNETES_SERVICE_HOST"] !== undefined;
  const namespace = env["POD_NAMESPACE"] || env["NAMESPACE"];
  return {
    "service.namespace": "podule",
    "service.version": VERSION,
    "host.name": hostname(),
    "process.pid": String(process.pid),
    ...(module === undefined ? {} : { "podule.module": module.id }),
    ...(module?.revision ? { "podule.revision": module.revision } : {}),
    ...(inCluster ? { "k8s.pod.name": env["POD_NAME"] || hostname() } : {}),
    ...(inCluster && namespace ? { "k8s.namespace.name": namespace } : {}),
    ...(inCluster && env["NODE_NAME"] ? { "k8s.node.name": env["NODE_NAME"] } : {}),
  };
}
