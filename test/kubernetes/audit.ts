import { readFile } from "node:fs/promises";
import { join } from "node:path";

export interface Requested {
  readonly verb: string;
  /** "pods", "pods/log" */
  readonly resource: string;
  readonly allowed: boolean;
}

/** What a service account has asked of the API server, by its audit log; undefined where the cluster is not ours. */
export async function requestsOf(account: string): Promise<Requested[] | undefined> {
  const { CLUSTER_DIR: folder } = process.env;
  if (folder === undefined) return undefined;
  const lines = (await readFile(join(folder, "audit.log"), "utf8")).trim().split("\n");
  return lines
    .map((line): AuditEvent => JSON.parse(line))
    .filter(({ user }) => user.username === `system:serviceaccount:${account}`)
    .map(({ verb, objectRef, annotations }) => ({
      verb,
      resource: [objectRef.resource, objectRef.subresource].filter((part) => part !== undefined).join("/"),
      allowed: annotations["authorization.k8s.io/decision"] === "allow",
    }));
}

interface AuditEvent {
  readonly verb: string;
  readonly user: { readonly username: string };
  readonly objectRef: { readonly resource: string; readonly subresource?: string };
  readonly annotations: Readonly<Record<string, string>>;
}
