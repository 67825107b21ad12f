import { createHash } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { stringify } from "yaml";
import { createSteps, type Steps } from "../console/steps.ts";
import { UserError } from "../user-error.ts";
import { addressOf, howToCall } from "./address.ts";
import { type KubeObject, textAt } from "./kube-object.ts";
import { createKubectl, findKubectl, type Kubectl, type Target } from "./kubectl.ts";
import { CREATED, PART_OF } from "./labels.ts";
import { render } from "./render.ts";
import { progressOf } from "./rollout.ts";
import { desiredSecrets, readSecret, SIGNING_KEY } from "./secrets.ts";

export interface DeployFlags {
  readonly namespace: string;
  readonly context?: string;
  readonly overlay: string;
  readonly image?: string;
  /** NAME=VALUE: settings of the managers. */
  readonly set: readonly string[];
  /** Names and addresses by which users reach Envoy, for its certificate. */
  readonly host: readonly string[];
  readonly rotateCertificates: boolean;
  readonly dryRun: boolean;
  /** How long the pods may take, in milliseconds. */
  readonly timeout: number;
}

/** Makes the namespace as the manifests and flags say: the first time, and again for an upgrade. */
export async function deploy(flags: DeployFlags, env: NodeJS.ProcessEnv): Promise<void> {
  const { kubectl, binary } = await connect(flags, env);
  const steps = createSteps(process.stderr);
  const secrets = await desiredSecrets(await kubectl.list("secrets", "-l", PART_OF), {
    namespace: flags.namespace,
    hosts: flags.host,
    rotate: flags.rotateCertificates,
  });
  const jwks = createHash("sha256")
    .update(JSON.stringify(secrets.at(-1)))
    .digest("hex")
    .slice(0, 16);
  const rendered = await render({ ...flags, jwks }, (folder) => binary(["kustomize", folder]));
  const namespaces = await ownNamespace(rendered.filter(ofKind("Namespace")), kubectl, flags.namespace);
  const definitions = rendered.filter(ofKind("CustomResourceDefinition"));
  const others = rendered.filter(
    (object) => ![...namespaces, ...definitions].includes(object) && object.kind !== "Namespace",
  );
  const settings = settingsOf(flags);
  if (flags.dryRun) {
    const shown = [...namespaces, ...definitions, ...secrets.map(withoutContent), ...settings, ...others];
    process.stdout.write(shown.map((object) => `---\n${stringify(object)}`).join(""));
    return;
  }
  await steps.step(`Namespace ${flags.namespace}`, async () => {
    await kubectl.apply([...namespaces, ...definitions]);
    const names = definitions.map(({ metadata }) => `crd/${metadata.name}`);
    if (names.length > 0)
      await kubectl.run(["wait", "--for=condition=Established", "--timeout=60s", ...names]);
  });
  await steps.step("Certificates and settings", () => kubectl.apply([...secrets, ...settings]));
  await steps.step(`${others.length} objects`, () => kubectl.apply(others));
  // One without a volume of its own may be bound by its first pod only.
  const claims = others
    .filter(ofKind("PersistentVolumeClaim"))
    .filter((claim) => textAt(claim, "spec", "volumeName"));
  if (claims.length > 0) {
    await steps.step("Volumes", async () => {
      const names = claims.map(({ metadata }) => `pvc/${metadata.name}`);
      await kubectl.run(["wait", "--for=jsonpath={.status.phase}=Bound", "--timeout=60s", ...names]);
    });
  }
  for (const { metadata } of others.filter(ofKind("Deployment"))) {
    await steps.step(
      `Deployment ${metadata.name}`,
      (say) => rolledOut(kubectl, metadata.name, flags.timeout, say),
      () => `Deployment ${metadata.name} is ready`,
    );
  }
  await tellHow(steps, kubectl, flags);
}

export async function connect(
  { namespace, context }: Pick<DeployFlags, "namespace" | "context">,
  env: NodeJS.ProcessEnv,
): Promise<{ kubectl: Kubectl; binary: (args: readonly string[]) => Promise<string> }> {
  if (!/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/.test(namespace)) {
    throw new UserError(
      `${JSON.stringify(namespace)} is no namespace: 1 to 63 of a-z, 0-9 and "-", not at an end`,
    );
  }
  const path = await findKubectl(env, ({ name, version }) => console.error(`installing ${name} ${version}`));
  const target: Target = { namespace, context };
  const kubectl = createKubectl(path, target, env);
  return { kubectl, binary: (args) => kubectl.run(args) };
}

/** A namespace that was there before is not ours to remove. */
async function ownNamespace(
  objects: readonly KubeObject[],
  kubectl: Kubectl,
  name: string,
): Promise<KubeObject[]> {
  const [existing] = await kubectl.list("namespace", name);
  const created = existing === undefined || existing.metadata.annotations?.[CREATED] !== undefined;
  return objects.map((object) => ({
    ...object,
    metadata: { ...object.metadata, ...(created ? { annotations: { [CREATED]: "true" } } : {}) },
  }));
}

function ofKind(kind: string): (object: KubeObject) => boolean {
  return (object) => object.kind === kind;
}

function settingsOf({ set, namespace }: DeployFlags): KubeObject[] {
  if (set.length === 0) return [];
  const data = Object.fromEntries(
    set.map((text) => {
      const [, name, value] = /^([A-Z][A-Z0-9_]*)=(.*)$/s.exec(text) ?? [];
      if (name === undefined) throw new UserError(`--set ${text}: it is NAME=VALUE`);
      return [name, value];
    }),
  );
  const metadata = { name: "podule-settings", namespace, labels: { "app.kubernetes.io/part-of": "podule" } };
  return [{ apiVersion: "v1", kind: "ConfigMap", metadata, data }];
}

function withoutContent(object: KubeObject): KubeObject {
  if (object.kind !== "Secret") return object;
  const { data, ...rest } = object;
  return { ...rest, data: Object.fromEntries(Object.keys(Object(data)).map((key) => [key, ""])) };
}

const STUCK_MS = 30_000;

/** Until all pods are of the new spec and ready. What is in trouble for 30 s, and no pod more gets ready, is an error, in words. */
async function rolledOut(
  kubectl: Kubectl,
  name: string,
  timeoutMs: number,
  say: (words: string) => void,
): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  let trouble: { readonly since: number; readonly available: number; readonly words: string } | undefined;
  for (;;) {
    const [deployment] = await kubectl.list("deployment", name);
    if (deployment === undefined) throw new UserError(`The deployment ${name} is gone`);
    const app = textAt(deployment, "spec", "selector", "matchLabels", "app.kubernetes.io/name");
    const pods = await kubectl.list("pods", "-l", `app.kubernetes.io/name=${app}`);
    const { state, words, available } = progressOf(deployment, pods);
    if (state === "done") return;
    say(words);
    if (trouble !== undefined && available !== trouble.available) trouble = undefined;
    if (state === "stuck") trouble = { since: trouble?.since ?? Date.now(), available, words };
    const now = Date.now();
    if (trouble !== undefined && now - trouble.since > STUCK_MS) throw new UserError(trouble.words);
    if (now > deadline) throw new UserError(`${name} is not ready: ${trouble?.words ?? words}`);
    await sleep(500);
  }
}

async function tellHow(steps: Steps, kubectl: Kubectl, { namespace, context }: DeployFlags): Promise<void> {
  const [service] = await kubectl.list("service", "podule");
  const address = service === undefined ? undefined : addressOf(service);
  steps.line(howToCall(address, { namespace, context }));
}

/** The key that signs tokens, or what to do where there is none. */
export async function signingKey(kubectl: Kubectl, namespace: string): Promise<string> {
  const key = readSecret(await kubectl.list("secret", SIGNING_KEY), SIGNING_KEY, "key.pem");
  if (key === "") throw new UserError(`Nothing is deployed in the namespace ${namespace}: podule deploy`);
  return key;
}
