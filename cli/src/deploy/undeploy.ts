import { createSteps } from "../console/steps.ts";
import { connect } from "./deploy.ts";
import { type KubeObject, textAt } from "./kube-object.ts";
import type { Kubectl } from "./kubectl.ts";
import { CREATED, PART_OF } from "./labels.ts";

export interface UndeployFlags {
  readonly namespace: string;
  readonly context?: string;
}

const MODULES = "modules.podule.dev";
const DEFINITION = "crd/modules.podule.dev";
const OWN_KINDS = [
  "deployments",
  "poddisruptionbudgets",
  "services",
  "networkpolicies",
  "rolebindings",
  "roles",
  "serviceaccounts",
  "secrets",
  "configmaps",
  "persistentvolumeclaims",
].join(",");

/**
 * Removes the modules, then everything that `deploy` made: with the namespace where `deploy` made that too, and with the definition of
 * Module where no other namespace uses it.
 */
export async function undeploy(flags: UndeployFlags, env: NodeJS.ProcessEnv): Promise<void> {
  const { namespace } = flags;
  const { kubectl } = await connect(flags, env);
  const steps = createSteps(process.stderr);
  const [found] = await kubectl.list("namespace", namespace);
  if (found === undefined) {
    steps.line(`There is no namespace ${namespace}`);
  } else {
    await steps.step("Modules and their pods", () => removeModules(kubectl));
    if (found.metadata.annotations?.[CREATED] !== undefined) {
      await steps.step(`Namespace ${namespace}`, async () => {
        await kubectl.run(["delete", "namespace", namespace, "--wait", "--timeout=180s"]);
      });
    } else {
      await steps.step("Objects", async () => {
        await kubectl.run(["delete", OWN_KINDS, "-l", PART_OF, "--wait", "--timeout=180s"]);
        await kubectl.run(["wait", "pods", "-l", PART_OF, "--for=delete", "--timeout=180s"]);
        await kubectl.run(["delete", "lease", "podule-manager", "--ignore-not-found"]);
      });
    }
  }
  await removeVolumes(kubectl, namespace);
  const user = await otherUser(kubectl, namespace);
  if (user === undefined) {
    await steps.step("The definition of Module", async () => {
      await kubectl.run(["delete", DEFINITION, "--ignore-not-found", "--wait", "--timeout=60s"]);
    });
  } else {
    steps.line(`The definition of Module stays: the namespace ${user} uses it`);
  }
}

/** The managers end them; those that no manager is there to end are let go of. */
async function removeModules(kubectl: Kubectl): Promise<void> {
  if ((await kubectl.list(MODULES)).length === 0) return;
  await kubectl.run(["delete", MODULES, "--all", "--wait", "--timeout=60s"]).catch(async () => {
    for (const { metadata } of await kubectl.list(MODULES)) {
      const patch = JSON.stringify({ metadata: { finalizers: null } });
      await kubectl.run(["patch", MODULES, metadata.name, "--type=merge", "-p", patch]);
    }
  });
  await kubectl.run([
    "wait",
    "pods",
    "-l",
    "app.kubernetes.io/name=podule-module",
    "--for=delete",
    "--timeout=90s",
  ]);
}

async function removeVolumes(kubectl: Kubectl, namespace: string): Promise<void> {
  const volumes = await kubectl.list("persistentvolumes", "-l", PART_OF);
  const own = volumes.filter((volume) => textAt(volume, "spec", "claimRef", "namespace") === namespace);
  if (own.length > 0) {
    await kubectl.run([
      "delete",
      "persistentvolumes",
      ...own.map(({ metadata }) => metadata.name),
      "--timeout=60s",
    ]);
  }
}

/** Another namespace with a Podule or with modules. */
async function otherUser(kubectl: Kubectl, namespace: string): Promise<string | undefined> {
  const found: KubeObject[] = [
    ...(await kubectl.list(MODULES, "-A")),
    ...(await kubectl.list("deployments", "-A", "-l", PART_OF)),
  ];
  return found.map(({ metadata }) => metadata.namespace).find((name) => name !== namespace);
}
