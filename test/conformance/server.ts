import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { startEnvoy } from "@podule/envoy";
import { createHealth, createServer, fileWatcherCredentials } from "@podule/grpc";
import {
  ServerCompatRequest,
  ServerCompatResponse,
} from "./proto/gen/connectrpc/conformance/v1/server_compat.ts";
import { conformanceDefinition, conformanceService } from "./service.ts";

/**
 * A server under test, as connectconformance starts it: what it must be is read from stdin, where it listens is written to stdout; each with its
 * length before it. With an Envoy's path as argument, that Envoy is before it.
 */
const [envoyBinary] = process.argv.slice(2);
const folder = await mkdtemp(join(tmpdir(), "podule-conformance-"));
const request = ServerCompatRequest.decode((await buffer(process.stdin)).subarray(4));

const limit = request.messageReceiveLimit;
const server = createServer({ errorInfo: false, ...(limit > 0 ? { maxMessageBytes: limit } : {}) });
const health = createHealth();
health.set("", true);
server.add(health.definition, health.implementation);
server.add(conformanceDefinition, conformanceService);

const tls = request.useTls ? await tlsFiles() : undefined;
const direct = envoyBinary === undefined;
const upstream = await server.listen(
  "127.0.0.1:0",
  direct && tls !== undefined ? fileWatcherCredentials(tls) : undefined,
);
const envoy = direct
  ? undefined
  : await startEnvoy({
      binary: envoyBinary,
      runDir: join(folder, "envoy"),
      concurrency: 1,
      params: {
        listen: "127.0.0.1:0",
        upstreams: { kind: "static", addresses: [upstream] },
        ...(tls === undefined ? {} : { tls }),
      },
    });

const [host = "", port = "0"] = (envoy?.address ?? upstream).split(":");
const pemCert = request.useTls ? (request.serverCreds?.cert ?? Buffer.alloc(0)) : Buffer.alloc(0);
const response = ServerCompatResponse.encode({ host, port: Number(port), pemCert }).finish();
const length = Buffer.alloc(4);
length.writeUInt32BE(response.length);
process.stdout.write(Buffer.concat([length, response]));

await once(process, "SIGTERM");
await envoy?.stop();
await server.close();
await rm(folder, { recursive: true });
process.exit();

async function tlsFiles() {
  const files = { certFile: join(folder, "cert.pem"), keyFile: join(folder, "key.pem") };
  await writeFile(files.certFile, request.serverCreds?.cert ?? "");
  await writeFile(files.keyFile, request.serverCreds?.key ?? "", { mode: 0o600 });
  if (request.clientTlsCert.length === 0) return files;
  const clientCaFile = join(folder, "client-ca.pem");
  await writeFile(clientCaFile, request.clientTlsCert);
  return { ...files, clientCaFile };
}
