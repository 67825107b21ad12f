import { isRecord } from "../environments/json.ts";
import type { LeaseRecord } from "./lease-policy.ts";
import { readMeta } from "./objects.ts";

const DEFAULT_SECONDS = 10;

/** A `coordination.k8s.io/v1` Lease; undefined for what is none. */
export function readLease(json: unknown): LeaseRecord | undefined {
  const metadata = readMeta(json);
  if (metadata === undefined || !isRecord(json)) return undefined;
  const spec = isRecord(json["spec"]) ? json["spec"] : {};
  const { holderIdentity, leaseDurationSeconds, acquireTime, renewTime, leaseTransitions } = spec;
  return {
    holder: typeof holderIdentity === "string" ? holderIdentity : "",
    durationMs: (typeof leaseDurationSeconds === "number" ? leaseDurationSeconds : DEFAULT_SECONDS) * 1000,
    acquireTime: typeof acquireTime === "string" ? acquireTime : "",
    renewTime: typeof renewTime === "string" ? renewTime : "",
    transitions: typeof leaseTransitions === "number" ? leaseTransitions : 0,
    resourceVersion: metadata.resourceVersion,
  };
}

export interface LeaseFields {
  readonly name: string;
  readonly namespace: string;
  readonly holder: string;
  readonly durationSeconds: number;
  readonly acquireTime: string;
  readonly renewTime: string;
  readonly transitions: number;
  /** Empty for a new one. */
  readonly resourceVersion: string;
}

export function leaseBody(fields: LeaseFields): unknown {
  return {
    apiVersion: "coordination.k8s.io/v1",
    kind: "Lease",
    metadata: {
      name: fields.name,
      namespace: fields.namespace,
      ...(fields.resourceVersion === "" ? {} : { resourceVersion: fields.resourceVersion }),
    },
    spec: {
      holderIdentity: fields.holder,
      leaseDurationSeconds: fields.durationSeconds,
      acquireTime: fields.acquireTime,
      renewTime: fields.renewTime,
      leaseTransitions: fields.transitions,
    },
  };
}

/** Kubernetes' MicroTime. */
export function microTime(date: Date): string {
  return date.toISOString().replace("Z", "000Z");
}
