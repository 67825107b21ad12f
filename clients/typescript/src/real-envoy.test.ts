import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startEnvoy } from "../../../envoy/src/index.ts";
import { envoyBinary, tempFolder } from "../../../envoy/testing/bed.ts";
import { certificate } from "../../../envoy/testing/certificates.ts";
import { issuer } from "../../../envoy/testing/tokens.ts";
import { startPod, type TestPod } from "../../../module-server/testing/pod.ts";
import podule, { type ConnectOptions, type ImportOptions } from "./index.ts";
import type { Things } from "./testing/things.ts";

const folder = tempFolder();
const authority = certificate("authority", { ca: true });
const server = certificate("server", { issuer: authority, hosts: ["localhost", "127.0.0.1"] });
const user = certificate("user", { issuer: authority });
const tokens = issuer();
const claims = { iss: "https://login.test", aud: "podule", sub: "me" };

let pod: TestPod;
let envoy: Awaited<ReturnType<typeof startEnvoy>>;

beforeAll(async () => {
  await mkdir(folder);
  const file = async (name: string, text: string): Promise<string> => {
    await writeFile(join(folder, name), text);
    return join(folder, name);
  };
  const path = fileURLToPath(new URL("./testing/python", import.meta.url));
  pod = await startPod({ env: { MODULE_NAME: "things", PODULE_MODULE_PATH: path } });
  envoy = await startEnvoy({
    binary: await envoyBinary(),
    runDir: join(folder, "envoy"),
    params: {
      listen: "127.0.0.1:0",
      upstreams: { kind: "static", addresses: [pod.address] },
      tls: {
        certFile: await file("server.pem", server.cert),
        keyFile: await file("server.key", server.key),
        clientCaFile: await file("ca.pem", authority.cert),
      },
      jwt: { issuer: claims.iss, jwksFile: await file("jwks.json", tokens.jwks), audiences: [claims.aud] },
    },
  });
}, 60_000);

afterAll(async () => {
  await envoy?.stop();
  await pod?.[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

const options = (more: ConnectOptions = {}): ImportOptions & ConnectOptions => ({
  url: `https://${envoy.address}`,
  ca: authority.cert,
  cert: user.cert,
  key: user.key,
  token: () => tokens.token({ ...claims, exp: Math.floor(Date.now() / 1000) + 60 }),
  ...more,
});

test("calls go over TLS, with a certificate and a bearer token", async () => {
  const things = await podule.import<Things>("things", options());
  expect(await things.add(1, 2)).toBe(3);
  await things.$close();
});

test("no token, no certificate, another authority: each is refused by a typed error", async () => {
  const refused = async (more: ConnectOptions): Promise<unknown> =>
    podule.import("things", options(more)).catch((error: unknown) => error);
  expect(await refused({ token: undefined })).toMatchObject({ code: "UNAUTHENTICATED" });
  expect(await refused({ token: "x.y.z" })).toMatchObject({ code: "UNAUTHENTICATED" });
  expect(await refused({ cert: undefined, key: undefined })).toMatchObject({ code: "UNAVAILABLE" });
  expect(await refused({ ca: certificate("other", { ca: true }).cert })).toMatchObject({
    code: "UNAVAILABLE",
  });
  const noToken = async (): Promise<string> => {
    throw new Error("the login is down");
  };
  expect(await refused({ token: noToken })).toMatchObject({
    code: "UNAUTHENTICATED",
    reason: "TOKEN_FAILED",
  });
});
