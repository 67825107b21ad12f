import { type KubeObject, listAt, textAt } from "./kube-object.ts";

export interface ServiceAddress {
  readonly address: string;
  /** Only inside the cluster; from outside by a port-forward. */
  readonly inside: boolean;
}

/** Where users find Envoy's Service. */
export function addressOf(service: KubeObject): ServiceAddress {
  const port = Number(
    listAt(service, "spec", "ports").map((entry) => Reflect.get(Object(entry), "port"))[0] ?? 50_051,
  );
  const [ingress] = listAt(service, "status", "loadBalancer", "ingress");
  const host = textAt(ingress, "hostname") || textAt(ingress, "ip");
  if (host !== "") return { address: `${host}:${port}`, inside: false };
  return {
    address: `${service.metadata.name}.${service.metadata.namespace ?? "default"}.svc:${port}`,
    inside: true,
  };
}

/** Lines for a shell. */
export function howToCall(
  found: ServiceAddress | undefined,
  { namespace, context }: { namespace: string; context: string | undefined },
): string {
  if (found === undefined) return "There is no Service `podule`: the overlay has another way in.";
  const flags = `${namespace === "podule" ? "" : ` --namespace ${namespace}`}${context === undefined ? "" : ` --context ${context}`}`;
  const to = found.inside ? "127.0.0.1:50051" : found.address;
  const name = `podule.${namespace}.svc`;
  return [
    `Podule is at ${found.address} (TLS, bearer tokens)`,
    ...(found.inside
      ? [
          `  kubectl port-forward --namespace ${namespace} service/podule 50051 &     # from outside the cluster`,
        ]
      : []),
    `  podule token --ca${flags} > podule-ca.crt`,
    `  grpcurl -cacert podule-ca.crt -authority ${name} -H "authorization: Bearer $(podule token${flags})" \\`,
    `    -d '{"module":"math","function":"sqrt","args":[{"float":2}]}' ${to} podule.v1.Calls/Call`,
  ].join("\n");
}
