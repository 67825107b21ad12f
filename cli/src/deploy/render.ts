import { mkdtemp, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { parseAllDocuments, stringify } from "yaml";
import { UserError } from "../user-error.ts";
import { isKubeObject, type KubeObject } from "./kube-object.ts";

const FOLDER = fileURLToPath(new URL("../../../k8s/overlays", import.meta.url));

export interface RenderOptions {
  /** A folder of k8s/overlays, or the path of one of your own. */
  readonly overlay: string;
  readonly namespace: string;
  /** Undefined: the overlay's. */
  readonly image?: string;
  /** Changes of it restart Envoy, which reads its key set once. */
  readonly jwks?: string;
}

/** The objects of a kustomize overlay, for a namespace and an image. `kustomize` is `kubectl kustomize` on a folder. */
export async function render(
  options: RenderOptions,
  kustomize: (folder: string) => Promise<string>,
): Promise<KubeObject[]> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), "podule-deploy-")));
  try {
    const overlay = await overlayFolder(options.overlay);
    await writeFile(
      join(folder, "kustomization.yaml"),
      stringify(kustomization(options, relative(folder, overlay))),
    );
    const objects = parseAllDocuments(await kustomize(folder)).map((document): unknown => document.toJS());
    return objects.filter(isKubeObject).map((object) => perNamespace(object, options.namespace));
  } finally {
    await rm(folder, { recursive: true });
  }
}

async function overlayFolder(overlay: string): Promise<string> {
  const path = /^[\w-]+$/.test(overlay) ? join(FOLDER, overlay) : overlay;
  return await realpath(path).catch(() => {
    throw new UserError(`There is no overlay ${path}`);
  });
}

function kustomization({ namespace, image, jwks }: RenderOptions, overlay: string): object {
  const manager = { kind: "Deployment", name: "podule-manager" };
  const container = "spec.template.spec.containers.[name=manager]";
  return {
    apiVersion: "kustomize.config.k8s.io/v1beta1",
    kind: "Kustomization",
    resources: [overlay],
    namespace,
    ...(image === undefined
      ? {}
      : {
          images: [
            { name: "podule", ...parseImage(image) },
            { name: "docker.io/library/podule", ...parseImage(image) },
          ],
          replacements: [
            {
              source: { ...manager, fieldPath: `${container}.image` },
              targets: [{ select: manager, fieldPaths: [`${container}.env.[name=PODULE_POD_IMAGE].value`] }],
            },
          ],
        }),
    ...(jwks === undefined
      ? {}
      : {
          patches: [
            {
              target: { kind: "Deployment", name: "podule" },
              patch: stringify({
                apiVersion: "apps/v1",
                kind: "Deployment",
                metadata: { name: "podule" },
                spec: { template: { metadata: { annotations: { "podule.dev/jwks": jwks } } } },
              }),
            },
          ],
        }),
  };
}

/** As kustomize's `images` takes it apart: NAME[:TAG][@DIGEST], where NAME may have a registry's port. */
export function parseImage(image: string): { newName: string; newTag?: string; digest?: string } {
  const match = /^([a-zA-Z0-9][^@\s]*?)(?::([\w][\w.-]{0,127}))?(?:@(sha256:[0-9a-f]{64}))?$/.exec(image);
  const [, newName = "", newTag, digest] = match ?? [];
  if (newName === "")
    throw new UserError(`${JSON.stringify(image)} is no image: NAME:TAG or NAME@sha256:...`);
  if (digest !== undefined) return { newName, digest };
  return { newName, newTag: newTag ?? "latest" };
}

/** Volumes belong to the cluster: one of a name for each namespace. */
function perNamespace(object: KubeObject, namespace: string): KubeObject {
  if (object.kind === "PersistentVolume") {
    const claim = { kind: "PersistentVolumeClaim", name: object.metadata.name, namespace };
    return {
      ...object,
      metadata: { ...object.metadata, name: `${object.metadata.name}-${namespace}` },
      spec: { ...spec(object), claimRef: { apiVersion: "v1", ...claim } },
    };
  }
  if (object.kind === "PersistentVolumeClaim") {
    return { ...object, spec: { ...spec(object), volumeName: `${object.metadata.name}-${namespace}` } };
  }
  return object;
}

function spec(object: KubeObject): object {
  const { spec } = object;
  return typeof spec === "object" && spec !== null ? spec : {};
}
