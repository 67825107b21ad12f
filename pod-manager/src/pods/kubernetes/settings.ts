import { uvVariables } from "../../environments/uv-variables.ts";
import type { PodSettings } from "./pod-manifest.ts";

/** Variables of the manager that say what its pods are like. */
export const POD_VARIABLES = {
  image: "PODULE_POD_IMAGE",
  imagePullPolicy: "PODULE_POD_IMAGE_PULL_POLICY",
  environmentsClaim: "PODULE_ENVIRONMENTS_CLAIM",
  tlsSecret: "PODULE_POD_TLS_SECRET",
  uvSecret: "PODULE_POD_UV_SECRET",
  nodeLostSeconds: "PODULE_NODE_LOST_SECONDS",
} as const;

type FromVariables = Pick<
  PodSettings,
  | "image"
  | "imagePullPolicy"
  | "environmentsClaim"
  | "tlsSecret"
  | "uvSecret"
  | "uvVariables"
  | "nodeLostSeconds"
>;

const PULL_POLICIES = ["Always", "IfNotPresent", "Never"];
const NODE_LOST_SECONDS = 30;
/** What `uv` may be told in a pod: where it finds packages. Programs and folders are the pod's own. */
const PASSED = /^(UV_|PIP_)/;

/** `problems` gets what is wrong, each beginning with its variable's name. */
export function readPodSettings(
  env: Readonly<Record<string, string | undefined>>,
  problems: string[],
): FromVariables {
  const text = (name: string): string | undefined => (env[name] === "" ? undefined : env[name]);
  const image = text(POD_VARIABLES.image);
  if (image === undefined) problems.push(`${POD_VARIABLES.image}: required: the container image of the pods`);
  const imagePullPolicy = text(POD_VARIABLES.imagePullPolicy);
  if (imagePullPolicy !== undefined && !PULL_POLICIES.includes(imagePullPolicy))
    problems.push(`${POD_VARIABLES.imagePullPolicy}: must be one of ${PULL_POLICIES.join(", ")}`);
  const seconds = text(POD_VARIABLES.nodeLostSeconds);
  if (seconds !== undefined && !/^[0-9]{1,6}$/.test(seconds))
    problems.push(`${POD_VARIABLES.nodeLostSeconds}: must be whole seconds`);
  const environmentsClaim = text(POD_VARIABLES.environmentsClaim);
  const tlsSecret = text(POD_VARIABLES.tlsSecret);
  const uvSecret = text(POD_VARIABLES.uvSecret);
  return {
    image: image ?? "",
    ...(imagePullPolicy === undefined ? {} : { imagePullPolicy }),
    ...(environmentsClaim === undefined ? {} : { environmentsClaim }),
    ...(tlsSecret === undefined ? {} : { tlsSecret }),
    ...(uvSecret === undefined ? {} : { uvSecret }),
    uvVariables: Object.fromEntries(
      Object.entries(uvVariables(env, "")).filter(([name]) => PASSED.test(name) && name !== "UV_CACHE_DIR"),
    ),
    nodeLostSeconds: Number(seconds ?? NODE_LOST_SECONDS),
  };
}
