import { expect, test } from "vitest";
import { addressOf, howToCall } from "./address.ts";

const service = (status: object) => ({
  apiVersion: "v1",
  kind: "Service",
  metadata: { name: "podule", namespace: "ns" },
  spec: { ports: [{ port: 443 }] },
  status,
});

test("a load balancer's address, or the Service's name", () => {
  const balanced = service({ loadBalancer: { ingress: [{ ip: "192.0.2.1" }] } });
  expect(addressOf(balanced)).toEqual({ address: "192.0.2.1:443", inside: false });
  expect(addressOf(service({}))).toEqual({ address: "podule.ns.svc:443", inside: true });
});

test("what to type names the namespace and the context", () => {
  const words = howToCall(addressOf(service({})), { namespace: "ns", context: "c" });
  expect(words).toContain("port-forward --namespace ns service/podule 50051");
  expect(words).toContain("podule token --namespace ns --context c");
  expect(howToCall(undefined, { namespace: "ns", context: undefined })).toMatch(/no Service/);
});
