import { execFile } from "node:child_process";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { descriptorSetFile } from "@podule/proto/descriptors";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parse } from "yaml";
import { envoyBinary, tempFolder } from "../testing/bed.ts";
import { certificate } from "../testing/certificates.ts";
import { issuer } from "../testing/tokens.ts";
import type { EnvoyParams } from "./params.ts";
import { assertGuarded, renderEnvoy } from "./render.ts";

const folder = tempFolder();
const file = (name: string) => join(folder, name);

beforeAll(async () => {
  await mkdir(folder);
  const own = certificate("test", { ca: true, hosts: ["test"] });
  await writeFile(file("cert.pem"), own.cert);
  await writeFile(file("key.pem"), own.key);
  await writeFile(file("jwks.json"), issuer().jwks);
});
afterAll(() => rm(folder, { recursive: true }));

const BASE = {
  listen: "127.0.0.1:0",
  upstreams: { kind: "static", addresses: ["unix:/run/m.sock"] },
  admin: "unix:/run/admin.sock",
} satisfies EnvoyParams;

const KEY = { certFile: file("cert.pem"), keyFile: file("key.pem") };
const loopback = fc.constantFrom("127.0.0.1:0", "127.0.0.2:50051", "[::1]:50051", "unix:/run/listen.sock");
const anywhere = fc.constantFrom("0.0.0.0:50051", "[::]:50051", "10.1.2.3:443", "192.168.0.1:50051");
const host = fc
  .tuple(fc.domain(), fc.integer({ min: 1, max: 65_535 }))
  .map(([name, port]) => `${name}:${port}`);
const ip = fc.tuple(fc.ipV4(), fc.integer({ min: 1, max: 65_535 })).map(([name, port]) => `${name}:${port}`);
const origin = fc.webUrl().map((url) => new URL(url).origin);

const params: fc.Arbitrary<EnvoyParams> = fc
  .record(
    {
      listen: fc.oneof(loopback, anywhere),
      admin: fc.constantFrom("unix:/run/admin.sock", "127.0.0.1:9901", "[::1]:9901"),
      upstreams: fc.oneof(
        fc.record({
          kind: fc.constant("dns" as const),
          name: fc.domain(),
          port: fc.integer({ min: 1, max: 65_535 }),
        }),
        fc.record({
          kind: fc.constant("static" as const),
          addresses: fc.oneof(
            fc.array(fc.oneof(fc.constantFrom("unix:/run/a.sock", "unix:/run/b.sock"), ip), {
              minLength: 1,
              maxLength: 4,
            }),
            fc.array(fc.oneof(host, ip), { minLength: 1, maxLength: 4 }),
          ),
        }),
      ),
      accessLog: fc.constantFrom("stdout", file("access.log")),
      descriptorFile: fc.constant(fileURLToPath(descriptorSetFile)),
      maxConnections: fc.integer({ min: 1, max: 1_000_000 }),
      tls: fc.constantFrom(KEY, { ...KEY, clientCaFile: file("cert.pem") }),
      jwt: fc.record(
        {
          issuer: fc.webUrl(),
          jwksFile: fc.constant(file("jwks.json")),
          audiences: fc.array(
            fc.oneof(fc.string({ minLength: 1 }), fc.constantFrom("n", "yes", "~", "1_0", "0x1", "é\u2028")),
            { minLength: 1, maxLength: 3 },
          ),
        },
        { requiredKeys: ["issuer", "jwksFile"] },
      ),
      upstreamTls: fc.constantFrom(
        { caFile: file("cert.pem"), serverName: "test" },
        { caFile: file("cert.pem"), serverName: "test", ...KEY },
      ),
      corsOrigins: fc.oneof(fc.constant(["*"]), fc.array(origin, { minLength: 1, maxLength: 3 })),
    },
    { requiredKeys: ["listen", "admin", "upstreams"] },
  )
  .filter((candidate) => {
    try {
      assertGuarded(candidate);
      return true;
    } catch {
      return false;
    }
  });

test("Envoy accepts what any parameters make", { timeout: 120_000 }, async () => {
  const binary = await envoyBinary();
  await fc.assert(
    fc.asyncProperty(params, async (candidate) => {
      const path = file("envoy.yaml");
      await writeFile(path, renderEnvoy(candidate));
      const { stdout } = await promisify(execFile)(binary, ["--mode", "validate", "-c", path, "-l", "warn"]);
      expect(stdout).toContain("OK");
    }),
    { numRuns: 40 },
  );
});

describe("refuses", () => {
  test.each<[string, Partial<EnvoyParams>, RegExp]>([
    ["an admin interface for others", { admin: "0.0.0.0:9901" }, /admin.*loopback/],
    ["a name as the admin address", { admin: "localhost:9901" }, /admin/],
    ["an open address without anything", { listen: "0.0.0.0:50051" }, /TLS.* and JWT/],
    ["an open address with TLS alone", { listen: "0.0.0.0:50051", tls: KEY }, /JWT/],
    [
      "an open address with JWT alone",
      { listen: "[::]:50051", jwt: { issuer: "me", jwksFile: "/x" } },
      /TLS/,
    ],
    ["no upstream", { upstreams: { kind: "static", addresses: [] } }, /upstream/],
    ["a relative socket", { upstreams: { kind: "static", addresses: ["unix:run/m.sock"] } }, /absolute/],
    ["a socket's path that is too long", { listen: `unix:/${"x".repeat(107)}` }, /107 bytes/],
    ["a port that is none", { listen: "127.0.0.1:70000" }, /no address/],
    ["half a certificate", { upstreamTls: { caFile: "/x", serverName: "x", certFile: "/y" } }, /both/],
    ["names and sockets", { upstreams: { kind: "static", addresses: ["unix:/m", "host:1"] } }, /either/],
  ])("%s", (_what, change, words) => {
    expect(() => renderEnvoy({ ...BASE, ...change })).toThrow(words);
  });
});

test("a text in a parameter stays a text", () => {
  const issuer = 'x"\n}, admin: {"address": evil} # %{}';
  const rendered: unknown = parse(renderEnvoy({ ...BASE, jwt: { issuer, jwksFile: "/x" } }));
  expect(JSON.stringify(rendered)).toContain(JSON.stringify(issuer));
});
