import { isGood, isGoodAuthority, issue, issueAuthority, type Pair, type Wanted } from "./certificates.ts";
import { type KubeObject, textAt } from "./kube-object.ts";
import { keySet, newSigningKey } from "./tokens.ts";

export const AUTHORITY = "podule-ca";
export const SIGNING_KEY = "podule-jwt-key";
export const USERS_CERTIFICATE = "podule-envoy-tls";

/** The certificates of a namespace, by the Secrets that hold them. */
export function certificatesOf(namespace: string, hosts: readonly string[]): ReadonlyMap<string, Wanted> {
  const names = (service: string) => [
    service,
    `${service}.${namespace}`,
    `${service}.${namespace}.svc`,
    `${service}.${namespace}.svc.cluster.local`,
  ];
  const wanted = (name: string, hosts: readonly string[], ...usages: Wanted["usages"][number][]) => ({
    name,
    hosts,
    usages,
  });
  return new Map([
    [
      USERS_CERTIFICATE,
      wanted("podule", [...new Set([...names("podule"), "localhost", "127.0.0.1", ...hosts])], "server"),
    ],
    ["podule-envoy-client-tls", wanted("podule-envoy", ["podule-envoy"], "client")],
    ["podule-manager-tls", wanted("podule-manager", names("podule-manager"), "server", "client")],
    // Users' code can read it: good for being called, and for nothing else.
    ["podule-module-tls", wanted("podule-module", ["podule-module"], "server")],
  ]);
}

export interface SecretsOptions {
  readonly namespace: string;
  /** Further names and addresses by which users reach Envoy. */
  readonly hosts: readonly string[];
  /** New certificates though the old ones are good; the authority and the signing key stay. */
  readonly rotate?: boolean;
  readonly now?: number;
}

/** The Secrets and the key set that there should be, given those that there are: what is good is kept as it is. */
export async function desiredSecrets(
  existing: readonly KubeObject[],
  { namespace, hosts, rotate = false, now = Date.now() }: SecretsOptions,
): Promise<KubeObject[]> {
  const found = readPair(existing, AUTHORITY);
  const authority = isGoodAuthority(found, now) ? found : await issueAuthority(`podule ${namespace}`, now);
  const objects = [
    secret(namespace, AUTHORITY, "Opaque", { "tls.crt": authority.cert, "tls.key": authority.key }),
  ];
  for (const [name, wanted] of certificatesOf(namespace, hosts)) {
    const old = readPair(existing, name);
    const kept = !rotate && (await isGood(old, authority, wanted, now)) ? old : undefined;
    const { cert, key } = kept ?? (await issue(authority, wanted, now));
    objects.push(
      secret(namespace, name, "kubernetes.io/tls", {
        "tls.crt": cert,
        "tls.key": key,
        "ca.crt": authority.cert,
      }),
    );
  }
  const signingKey = readSecret(existing, SIGNING_KEY, "key.pem") || newSigningKey();
  objects.push(secret(namespace, SIGNING_KEY, "Opaque", { "key.pem": signingKey }));
  objects.push({
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: meta(namespace, "podule-jwks"),
    data: { "jwks.json": keySet(signingKey) },
  });
  return objects;
}

export function readSecret(objects: readonly KubeObject[], name: string, key: string): string {
  const found = objects.find(({ kind, metadata }) => kind === "Secret" && metadata.name === name);
  return Buffer.from(textAt(found, "data", key), "base64").toString();
}

function readPair(objects: readonly KubeObject[], name: string): Pair | undefined {
  const [cert, key] = [readSecret(objects, name, "tls.crt"), readSecret(objects, name, "tls.key")];
  return cert === "" || key === "" ? undefined : { cert, key };
}

function secret(
  namespace: string,
  name: string,
  type: string,
  content: Readonly<Record<string, string>>,
): KubeObject {
  const data = Object.fromEntries(
    Object.entries(content).map(([key, text]) => [key, Buffer.from(text).toString("base64")]),
  );
  return { apiVersion: "v1", kind: "Secret", metadata: meta(namespace, name), type, data };
}

function meta(namespace: string, name: string): KubeObject["metadata"] {
  return { name, namespace, labels: { "app.kubernetes.io/part-of": "podule" } };
}
