import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Envoy, startEnvoy } from "../../envoy/src/index.ts";
import { tempFolder } from "../../envoy/testing/bed.ts";
import { certificate } from "../../envoy/testing/certificates.ts";
import { issuer } from "../../envoy/testing/tokens.ts";
import { startPod, type TestPod } from "../../module-server/testing/pod.ts";
import { podule } from "../stack/podule-command.ts";
import { tool } from "../stack/tools.ts";

const folder = tempFolder();
const authority = certificate("authority", { ca: true });
const server = certificate("server", { issuer: authority, hosts: ["localhost", "podule.test"] });
const user = certificate("user", { issuer: authority });
const tokens = issuer();
const claims = { iss: "https://login.test", aud: "podule", sub: "me" };
const file = (name: string) => join(folder, name);

let pod: TestPod;
let envoy: Envoy;

beforeAll(async () => {
  await mkdir(folder);
  const texts = {
    "server.pem": server.cert,
    "server.key": server.key,
    "ca.pem": authority.cert,
    "other.pem": certificate("other", { ca: true }).cert,
    "user.pem": user.cert,
    "user.key": user.key,
    "jwks.json": tokens.jwks,
  };
  for (const [name, text] of Object.entries(texts)) await writeFile(file(name), text);
  pod = await startPod({ env: { MODULE_NAME: "math" } });
  envoy = await startEnvoy({
    binary: await tool("envoy"),
    runDir: file("envoy"),
    params: {
      listen: "127.0.0.1:0",
      upstreams: { kind: "static", addresses: [pod.address] },
      tls: { certFile: file("server.pem"), keyFile: file("server.key"), clientCaFile: file("ca.pem") },
      jwt: { issuer: claims.iss, jwksFile: file("jwks.json"), audiences: [claims.aud] },
    },
  });
});

afterAll(async () => {
  await envoy?.stop();
  await pod?.[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

const TRUST = () => ["--ca", file("ca.pem"), "--server-name", "podule.test"];
const OWN = () => ["--cert", file("user.pem"), "--key", file("user.key")];
const token = () => tokens.token({ ...claims, exp: Math.floor(Date.now() / 1000) + 600 });
const call = (flags: readonly string[], env: Readonly<Record<string, string>> = {}) =>
  podule(`https://${envoy.address}`, ["call", "math.hypot", "3", "4", ...flags], { env });

test("with a token, an authority and a certificate: over a session, and unary", async () => {
  const env = { PODULE_TOKEN: token() };
  expect((await call([...TRUST(), ...OWN()], env)).stdout).toBe("5.0\n");
  expect((await call([...TRUST(), ...OWN(), "--object", "--token", token()])).stdout).toBe("5.0\n");
});

test("each thing that is missing has its exit code", async () => {
  const env = { PODULE_TOKEN: token() };
  const refused = await call([...TRUST(), ...OWN()]);
  expect(refused.code).toBe(6);
  expect(refused.stderr).toContain("PODULE_TOKEN");
  expect((await call([...TRUST(), ...OWN(), "--object"])).code).toBe(6);
  expect((await call(TRUST(), env)).code).toBe(4);
  expect((await call(["--ca", file("other.pem"), ...OWN()], env)).code).toBe(4);
  expect((await call([...TRUST(), "--cert", file("user.pem")], env)).code).toBe(1);
});
