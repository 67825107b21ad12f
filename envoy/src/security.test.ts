import { mkdir, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { ChannelCredentials, ServerCredentials } from "@grpc/grpc-js";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { connect, runEnvoy, runUpstream, tempFolder } from "../testing/bed.ts";
import { certificate } from "../testing/certificates.ts";
import { issuer, unsigned } from "../testing/tokens.ts";

const OK = 0;
const PERMISSION_DENIED = 7;
const UNAUTHENTICATED = 16;
const UNAVAILABLE = 14;

const folder = tempFolder();
const file = (name: string) => join(folder, name);
const authority = certificate("authority", { ca: true });
const other = certificate("other authority", { ca: true });
const server = certificate("server", {
  issuer: authority,
  hosts: ["localhost", "127.0.0.1", "managers.test"],
});
const user = certificate("user", { issuer: authority });
const stranger = certificate("stranger", { issuer: other });
const tokens = issuer();

beforeAll(async () => {
  await mkdir(folder);
  await Promise.all(
    Object.entries({
      "ca.pem": authority.cert,
      "other-ca.pem": other.cert,
      "server.pem": server.cert,
      "server.key": server.key,
      "user.pem": user.cert,
      "user.key": user.key,
      "jwks.json": tokens.jwks,
    }).map(([name, text]) => writeFile(file(name), text)),
  );
});
afterAll(() => rm(folder, { recursive: true }));

const TLS = { certFile: file("server.pem"), keyFile: file("server.key") };
const JWT = { issuer: "https://login.test", jwksFile: file("jwks.json"), audiences: ["podule"] };

function trusting(own?: { cert: string; key: string }): ChannelCredentials {
  const pem = (text: string) => Buffer.from(text);
  return own === undefined
    ? ChannelCredentials.createSsl(pem(authority.cert))
    : ChannelCredentials.createSsl(pem(authority.cert), pem(own.key), pem(own.cert));
}

describe("TLS", () => {
  test("a call over it; plain text gets nowhere", async () => {
    const { address } = await runEnvoy([await runUpstream()], { tls: TLS });
    expect(await connect(address, trusting()).echo("x")).toMatchObject({ code: OK, text: "x" });
    expect((await connect(address).echo("x", { timeoutMs: 3000 })).code).not.toBe(OK);
  });

  test("with a client CA: its certificates only", async () => {
    const upstream = await runUpstream();
    const { address } = await runEnvoy([upstream], { tls: { ...TLS, clientCaFile: file("ca.pem") } });
    expect((await connect(address, trusting(user)).echo("x")).code).toBe(OK);
    expect((await connect(address, trusting(stranger)).echo("x", { timeoutMs: 3000 })).code).not.toBe(OK);
    expect((await connect(address, trusting()).echo("x", { timeoutMs: 3000 })).code).not.toBe(OK);
    expect(upstream.calls).toBe(1);
  });

  test("a certificate that is renamed into its place is taken up while it runs", async () => {
    const next = certificate("next", { issuer: other, hosts: ["localhost", "127.0.0.1"] });
    const own = {
      certFile: file("moved.pem"),
      keyFile: file("moved.key"),
      clientCaFile: file("moved-ca.pem"),
    };
    const replace = async (pair: { cert: string; key: string }, ca: string) => {
      for (const [path, text] of [
        [own.keyFile, pair.key],
        [own.certFile, pair.cert],
        [own.clientCaFile, ca],
      ] as const) {
        await writeFile(`${path}.new`, text);
        await rename(`${path}.new`, path);
      }
    };
    await replace(server, authority.cert);
    const { address } = await runEnvoy([await runUpstream()], { tls: own });
    expect((await connect(address, trusting(user)).echo("x")).code).toBe(OK);
    await replace(next, other.cert);
    const credentials = ChannelCredentials.createSsl(
      Buffer.from(other.cert),
      Buffer.from(stranger.key),
      Buffer.from(stranger.cert),
    );
    await expect
      .poll(async () => (await connect(address, credentials).echo("x", { timeoutMs: 3000 })).code, {
        timeout: 15_000,
      })
      .toBe(OK);
    expect((await connect(address, trusting(user)).echo("x", { timeoutMs: 3000 })).code).not.toBe(OK);
  });

  test("a certificate that cannot be used is told at the start", async () => {
    const upstreams = [await runUpstream()];
    const missing = { ...TLS, certFile: file("nothing.pem") };
    await expect(runEnvoy(upstreams, { tls: missing })).rejects.toThrow(/nothing\.pem/);
    const foreign = { ...TLS, keyFile: file("user.key") };
    await expect(runEnvoy(upstreams, { tls: foreign })).rejects.toThrow(/user\.key.*mismatch/);
  });

  test("towards the managers, both sides showing theirs", async () => {
    const pair = { private_key: Buffer.from(server.key), cert_chain: Buffer.from(server.cert) };
    const credentials = ServerCredentials.createSsl(Buffer.from(authority.cert), [pair], true);
    const upstream = await runUpstream({ address: "127.0.0.1:0", credentials });
    const own = { certFile: file("user.pem"), keyFile: file("user.key") };
    const good = { caFile: file("ca.pem"), serverName: "managers.test", ...own };
    const code = async (upstreamTls: typeof good) =>
      (await connect((await runEnvoy([upstream], { upstreamTls })).address).echo("x")).code;
    expect(await code(good)).toBe(OK);
    expect(await code({ ...good, serverName: "elsewhere.test" })).toBe(UNAVAILABLE);
    expect(await code({ ...good, caFile: file("other-ca.pem") })).toBe(UNAVAILABLE);
    expect(upstream.calls).toBe(1);
  });
});

describe("JWT", () => {
  const now = Math.floor(Date.now() / 1000);
  const claims = { iss: "https://login.test", aud: "podule", sub: "ann", exp: now + 600 };
  const foreign = issuer();

  test.each([
    ["a good one", tokens.token(claims), OK],
    ["none", undefined, UNAUTHENTICATED],
    ["no token at all", "rubbish", UNAUTHENTICATED],
    ["expired", tokens.token({ ...claims, exp: now - 600 }), UNAUTHENTICATED],
    ["without an end", tokens.token({ ...claims, exp: undefined }), UNAUTHENTICATED],
    ["for another audience", tokens.token({ ...claims, aud: "other" }), PERMISSION_DENIED],
    ["of another issuer", tokens.token({ ...claims, iss: "https://evil.test" }), UNAUTHENTICATED],
    ["signed with another key", foreign.token(claims), UNAUTHENTICATED],
    ["signed by nobody", unsigned(claims), UNAUTHENTICATED],
  ])("%s", async (_what, token, code) => {
    const upstream = await runUpstream();
    const { address } = await runEnvoy([upstream], { jwt: JWT });
    const headers: Record<string, string> = token === undefined ? {} : { authorization: `Bearer ${token}` };
    headers["x-podule-subject"] = "admin";
    const answer = await connect(address).echo("x", { headers });
    expect(answer.code).toBe(code);
    expect(upstream.calls).toBe(code === OK ? 1 : 0);
    if (code === OK) expect(upstream.lastMetadata.get("x-podule-subject")).toEqual(["ann"]);
    expect(answer.text).toMatch(
      code === PERMISSION_DENIED ? /Audiences/ : code === OK ? /^x$/ : /^The call needs a valid JWT.*Jwt /,
    );
    if (code !== UNAUTHENTICATED) return;
    expect(String(answer.metadata.get("grpc-status-details-bin")[0])).toContain("podule.dev");
  });
});
