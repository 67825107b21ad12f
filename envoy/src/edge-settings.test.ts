import { expect, test } from "vitest";
import { readEdgeSettings } from "./edge-settings.ts";

const TLS = { PODULE_TLS_CERT: "/tls/tls.crt", PODULE_TLS_KEY: "/tls/tls.key" };
const JWT = { PODULE_JWT_ISSUER: "podule", PODULE_JWT_JWKS: "/jwt/jwks.json" };
const DEPLOYED = {
  ...TLS,
  ...JWT,
  PODULE_HOST: "0.0.0.0",
  PODULE_ENVOY: "/bin/envoy",
  PODULE_UPSTREAM: "podule-manager:50051",
};

test("as it is deployed", () => {
  const env = {
    ...DEPLOYED,
    PODULE_UPSTREAM_CA: "/up/ca.crt",
    PODULE_UPSTREAM_CERT: "/up/tls.crt",
    PODULE_UPSTREAM_KEY: "/up/tls.key",
    PODULE_PROBES: "0.0.0.0:50052",
    PODULE_DESCRIPTORS: "/descriptors.binpb",
    PODULE_DRAIN_GRACE_MS: "5000",
  };
  expect(readEdgeSettings(env)).toEqual({
    binary: "/bin/envoy",
    concurrency: 2,
    drainGraceMs: 5000,
    params: {
      listen: "0.0.0.0:50051",
      tls: { certFile: "/tls/tls.crt", keyFile: "/tls/tls.key" },
      jwt: { issuer: "podule", jwksFile: "/jwt/jwks.json" },
      upstreams: { kind: "dns", name: "podule-manager", port: 50_051 },
      upstreamTls: {
        caFile: "/up/ca.crt",
        certFile: "/up/tls.crt",
        keyFile: "/up/tls.key",
        serverName: "podule-manager",
      },
      probes: "0.0.0.0:50052",
      descriptorFile: "/descriptors.binpb",
    },
  });
});

test.each<[Record<string, string>, RegExp]>([
  [{ PODULE_UPSTREAM: "" }, /PODULE_UPSTREAM must be set/],
  [{ PODULE_UPSTREAM: "unix:/x" }, /PODULE_UPSTREAM is HOST:PORT/],
  [{ PODULE_UPSTREAM: "podule-manager" }, /is no address/],
  [{ PODULE_UPSTREAM_CERT: "/x" }, /PODULE_UPSTREAM_CA/],
  [{ PODULE_PROBES: "x" }, /is no address/],
  [{ PODULE_ENVOY: "" }, /PODULE_ENVOY must be set/],
  [{ PODULE_JWT_JWKS: "" }, /JWT/],
])("%j is refused", (env, words) => {
  expect(() => readEdgeSettings({ ...DEPLOYED, ...env })).toThrow(words);
});
