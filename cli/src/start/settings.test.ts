import { expect, test } from "vitest";
import { readSettings } from "./settings.ts";

test("the defaults", () => {
  expect(readSettings({})).toEqual({
    host: "127.0.0.1",
    port: 50_051,
    module: "numpy",
    envoy: { listen: "127.0.0.1:50051" },
    envoyConcurrency: 2,
  });
  expect(readSettings({ PODULE_MODULE: "", PORT: "" })).toMatchObject({ port: 50_051, module: undefined });
  expect(readSettings({ PODULE_HOST: "localhost" }).host).toBe("127.0.0.1");
});

test("everything set", () => {
  const env = {
    PODULE_HOST: "::",
    PORT: "443",
    PODULE_MODULE: "scipy",
    PODULE_TLS_CERT: "/tls/cert.pem",
    PODULE_TLS_KEY: "/tls/key.pem",
    PODULE_TLS_CLIENT_CA: "/tls/ca.pem",
    PODULE_JWT_ISSUER: "https://login.example.com",
    PODULE_JWT_JWKS: "/tls/jwks.json",
    PODULE_JWT_AUDIENCES: "podule, other",
    PODULE_CORS_ORIGINS: "https://app.example.com",
    PODULE_ACCESS_LOG: "stdout",
    PODULE_ENVOY_CONCURRENCY: "8",
  };
  expect(readSettings(env)).toEqual({
    host: "::",
    port: 443,
    module: "scipy",
    envoyConcurrency: 8,
    envoy: {
      listen: "[::]:443",
      tls: { certFile: "/tls/cert.pem", keyFile: "/tls/key.pem", clientCaFile: "/tls/ca.pem" },
      jwt: {
        issuer: "https://login.example.com",
        jwksFile: "/tls/jwks.json",
        audiences: ["podule", "other"],
      },
      corsOrigins: ["https://app.example.com"],
      accessLog: "stdout",
    },
  });
});

test.each<[Record<string, string>, RegExp]>([
  [{ PORT: "x" }, /PORT is a whole number.*"x"/],
  [{ PORT: "65536" }, /65535/],
  [{ PORT: "-1" }, /PORT/],
  [{ PORT: "1e3" }, /PORT/],
  [{ PODULE_HOST: "0.0.0.0" }, /TLS.*JWT.*PODULE_TLS_CERT/s],
  [{ PODULE_HOST: "machine.example" }, /can be reached/],
  [{ PODULE_HOST: "0.0.0.0", PODULE_TLS_CERT: "c", PODULE_TLS_KEY: "k" }, /JWT/],
  [{ PODULE_HOST: "a b:c" }, /no IPv6 address/],
  [{ PODULE_TLS_CERT: "c" }, /PODULE_TLS_KEY/],
  [{ PODULE_TLS_CLIENT_CA: "c" }, /PODULE_TLS_CERT/],
  [{ PODULE_JWT_ISSUER: "c" }, /PODULE_JWT_JWKS/],
])("%j is refused", (env, words) => {
  expect(() => readSettings(env)).toThrow(words);
});
