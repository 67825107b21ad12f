/** Paths of the namespaced resources that the manager works with; with a name: that object. */
export function resourcePaths(namespace: string) {
  const below = (group: string, plural: string) => (name?: string) =>
    `${group}/namespaces/${namespace}/${plural}${name === undefined ? "" : `/${encodeURIComponent(name)}`}`;
  return {
    modules: below(`/apis/${MODULE_API_VERSION}`, "modules"),
    pods: below("/api/v1", "pods"),
    services: below("/api/v1", "services"),
    configMaps: below("/api/v1", "configmaps"),
    secrets: below("/api/v1", "secrets"),
    events: below("/api/v1", "events"),
    leases: below("/apis/coordination.k8s.io/v1", "leases"),
    networkPolicies: below("/apis/networking.k8s.io/v1", "networkpolicies"),
  };
}

export type ResourcePaths = ReturnType<typeof resourcePaths>;

export const MODULE_API_VERSION = "podule.dev/v1alpha1";
