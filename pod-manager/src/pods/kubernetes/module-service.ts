import { isAlreadyExists } from "../../kubernetes/api-error.ts";
import type { KubernetesClient } from "../../kubernetes/client.ts";
import { labelOf } from "../../kubernetes/module-names.ts";
import { readMeta } from "../../kubernetes/objects.ts";
import type { ResourcePaths } from "../../kubernetes/paths.ts";
import { pause } from "../../kubernetes/pause.ts";
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

const TRIES = 30;
const PAUSE_MS = 1000;

/**
 * Makes each module's Service once, with the module's first pod. One of an earlier module of that name is waited for to go; any other that is there
 * stays as it is.
 */
export function createModuleServices(client: KubernetesClient, paths: ResourcePaths) {
  const made = new Map<string, string>();

  async function make(moduleId: string, moduleUid: string): Promise<void> {
    for (let left = TRIES; left > 0 && made.get(moduleId) === moduleUid; left--) {
      try {
        await client.create(paths.services(), serviceManifest(moduleId, moduleUid));
        return;
      } catch (error) {
        if (!isAlreadyExists(error)) throw error;
      }
      const there = await client.get(paths.services(labelOf(moduleId))).then(readMeta, () => undefined);
      const owners = there?.ownerReferences ?? [];
      const isOld =
        there === undefined || owners.some(({ kind, uid }) => kind === "Module" && uid !== moduleUid);
      if (!isOld) return;
      await pause(PAUSE_MS);
    }
  }

  return {
    async ensure(moduleId: string, moduleUid: string): Promise<void> {
      if (made.get(moduleId) === moduleUid) return;
      made.set(moduleId, moduleUid);
      try {
        await make(moduleId, moduleUid);
      } catch (error) {
        made.delete(moduleId);
        throw error;
      }
    },
  };
}
