import { X509Certificate } from "node:crypto";
import { expect, test } from "vitest";
import { isKubeObject, type KubeObject } from "./kube-object.ts";
import { desiredSecrets, readSecret } from "./secrets.ts";

const HERE = { namespace: "ns", hosts: ["podule.example"] };

function certificate(objects: readonly KubeObject[], name: string): X509Certificate {
  return new X509Certificate(readSecret(objects, name, "tls.crt"));
}

test("all by one authority, each for its own use", async () => {
  const made = await desiredSecrets([], HERE);
  expect(made.every(isKubeObject)).toBe(true);
  const ca = certificate(made, "podule-ca");
  for (const name of ["envoy", "envoy-client", "manager", "module"]) {
    const leaf = certificate(made, `podule-${name}-tls`);
    expect(leaf.checkIssued(ca), name).toBe(true);
    expect(readSecret(made, `podule-${name}-tls`, "ca.crt")).toBe(readSecret(made, "podule-ca", "tls.crt"));
    // The authority's key is in its own Secret, which no pod mounts.
    expect(readSecret(made, `podule-${name}-tls`, "ca.key")).toBe("");
  }
  const usages = (name: string) => certificate(made, name).keyUsage;
  expect(usages("podule-module-tls")).toEqual(["1.3.6.1.5.5.7.3.1"]);
  expect(usages("podule-envoy-client-tls")).toEqual(["1.3.6.1.5.5.7.3.2"]);
  expect(certificate(made, "podule-envoy-tls").checkHost("podule.example")).toBe("podule.example");
  expect(certificate(made, "podule-envoy-tls").checkHost("podule.ns.svc")).toBe("podule.ns.svc");
  expect(certificate(made, "podule-module-tls").checkHost("podule-manager")).toBeUndefined();
});

test("again: what is good stays; what is not is made anew", async () => {
  const made = await desiredSecrets([], HERE);
  expect(await desiredSecrets(made, HERE)).toEqual(made);

  const elsewhere = await desiredSecrets(made, { ...HERE, hosts: ["other.example"] });
  const changed = elsewhere.filter((object, index) => JSON.stringify(object) !== JSON.stringify(made[index]));
  expect(changed.map(({ metadata }) => metadata.name)).toEqual(["podule-envoy-tls"]);

  const rotated = await desiredSecrets(made, { ...HERE, rotate: true });
  const same = rotated.filter((object, index) => JSON.stringify(object) === JSON.stringify(made[index]));
  expect(same.map(({ metadata }) => metadata.name)).toEqual(["podule-ca", "podule-jwt-key", "podule-jwks"]);

  const withoutAuthority = await desiredSecrets(made.slice(1), HERE);
  const ca = certificate(withoutAuthority, "podule-ca");
  expect(certificate(withoutAuthority, "podule-manager-tls").checkIssued(ca)).toBe(true);
  expect(certificate(withoutAuthority, "podule-manager-tls").verify(ca.publicKey)).toBe(true);
});
