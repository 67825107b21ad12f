import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { connect } from "node:tls";
import { Channel, ChannelCredentials } from "@grpc/grpc-js";
import { createClient } from "nice-grpc";
import { afterEach, beforeEach, expect, onTestFinished, test, vi } from "vitest";
import { type Certificate, certificate } from "../../../envoy/testing/certificates.ts";
import { echo, TextDefinition } from "../../testing/text-service.ts";
import { createServer, fileWatcherCredentials } from "../index.ts";

let folder: string;
let certFile: string;
let keyFile: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "podule-tls-"));
  certFile = join(folder, "cert.pem");
  keyFile = join(folder, "key.pem");
});
afterEach(() => rm(folder, { recursive: true }));

const issue = (name: string) => certificate(name, { hosts: ["127.0.0.1"], ca: true });

async function install({ cert, key }: Certificate): Promise<void> {
  await Promise.all([writeFile(certFile, cert), writeFile(keyFile, key)]);
}

async function serve(clientCaFile?: string): Promise<string> {
  const server = createServer();
  onTestFinished(() => server.close());
  server.add(TextDefinition, echo);
  const ca = clientCaFile === undefined ? {} : { clientCaFile };
  return server.listen("127.0.0.1:0", fileWatcherCredentials({ certFile, keyFile, refreshMs: 20, ...ca }));
}

function call(address: string, trusted: Certificate, own?: Certificate) {
  const credentials = ChannelCredentials.createSsl(
    Buffer.from(trusted.cert),
    own === undefined ? null : Buffer.from(own.key),
    own === undefined ? null : Buffer.from(own.cert),
  );
  const channel = new Channel(address, credentials, { "grpc.use_local_subchannel_pool": 1 });
  onTestFinished(() => channel.close());
  return createClient(TextDefinition, channel).one({ text: "secret" });
}

/** The name in the certificate that a new connection is shown. */
function shownAt(address: string): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const port = Number(address.split(":")[1]);
    const socket = connect(
      { port, host: "127.0.0.1", rejectUnauthorized: false, ALPNProtocols: ["h2"] },
      () => {
        resolve(socket.getPeerCertificate().subject.CN);
        socket.destroy();
      },
    );
    socket.on("error", reject);
  });
}

test("new connections get a changed certificate; a pair that does not fit changes nothing", async () => {
  const warning = vi.spyOn(process, "emitWarning").mockImplementation(() => {});
  onTestFinished(() => warning.mockRestore());
  const first = issue("first");
  const second = issue("second");
  await install(first);
  const address = await serve();
  await vi.waitFor(async () => expect(await shownAt(address)).toBe("first"));
  expect(await call(address, first)).toEqual({ text: "secret" });
  await writeFile(certFile, second.cert);
  await vi.waitFor(() => expect(warning).toHaveBeenCalled());
  await rm(keyFile);
  await sleep(100);
  expect(await shownAt(address)).toBe("first");
  await install(second);
  await vi.waitFor(async () => expect(await shownAt(address)).toBe("second"));
  expect(await call(address, second)).toEqual({ text: "secret" });
});

test("asks clients for a certificate where an authority is given", async () => {
  const own = issue("server");
  const authority = issue("authority");
  await install(own);
  const clientCaFile = join(folder, "ca.pem");
  await writeFile(clientCaFile, authority.cert);
  const address = await serve(clientCaFile);
  const client = certificate("client", { issuer: authority });
  await vi.waitFor(async () => expect(await call(address, own, client)).toEqual({ text: "secret" }));
  await expect(call(address, own)).rejects.toThrow("UNAVAILABLE");
  await expect(call(address, own, issue("stranger"))).rejects.toThrow("UNAVAILABLE");
});

test("files that cannot be used are an error at once, with their names", async () => {
  await install({ ...issue("a"), key: issue("b").key });
  expect(() => fileWatcherCredentials({ certFile, keyFile })).toThrow(`${certFile}, ${keyFile}`);
  expect(() => fileWatcherCredentials({ certFile: join(folder, "none"), keyFile })).toThrow("ENOENT");
});
