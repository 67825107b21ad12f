import { isAlreadyExists } from "../../kubernetes/api-error.ts";
import type { KubernetesClient } from "../../kubernetes/client.ts";
import { labelOf } from "../../kubernetes/module-names.ts";
import type { ResourcePaths } from "../../kubernetes/paths.ts";
import { ANNOTATIONS, APP, LABELS, PORT } from "./names.ts";
import { ownerReferences } from "./pod-manifest.ts";

/** `numpy.NAMESPACE.svc:50051`: the module's ready pods, for clients in the cluster, with no manager between. */
export function serviceManifest(moduleId: string, moduleUid: string): object {
  const label = labelOf(moduleId);
  return {
    apiVersion: "v1",
    kind: "Service",
    metadata: {
      name: label,
      labels: { [LABELS.app]: APP, [LABELS.managedBy]: "podule", [LABELS.module]: label },
      annotations: { [ANNOTATIONS.moduleId]: moduleId },
      ownerReferences: ownerReferences(moduleId, moduleUid),
    },
    spec: {
      selector: { [LABELS.app]: APP, [LABELS.module]: label },
      ports: [{ name: "grpc", port: PORT, targetPort: "grpc", appProtocol: "kubernetes.io/h2c" }],
    },
  };
}

/** Makes each module's Service once, with the module's first pod. One that is there already, whoever made it, stays as it is. */
export function createModuleServices(client: KubernetesClient, paths: ResourcePaths) {
  const made = new Map<string, string>();
  return {
    async ensure(moduleId: string, moduleUid: string): Promise<void> {
      if (made.get(moduleId) === moduleUid) return;
      made.set(moduleId, moduleUid);
      try {
        await client.create(paths.services(), serviceManifest(moduleId, moduleUid));
      } catch (error) {
        if (isAlreadyExists(error)) return;
        made.delete(moduleId);
        throw error;
      }
    },
    forget: (moduleId: string): void => void made.delete(moduleId),
  };
}
