import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { ReadableStream } from "node:stream/web";
import { makeProbeWheel, PROBE_WHEEL } from "./probe-wheel.ts";

const INDEX = "https://pypi.org";
const FILES = "https://files.pythonhosted.org";

export interface PackageIndex {
  /** For `uv` in the cluster: its only index. */
  readonly url: string;
  /** Of the tests' own module, as a wheel. */
  readonly probeUrl: string;
  close(): void;
}

/** A package index on this machine for pods that reach nothing else: as a company's own index in an air-gapped cluster. */
export async function startPackageIndex(nodeAddress: string): Promise<PackageIndex> {
  const host = await ownAddressTowards(nodeAddress);
  const probe = await makeProbeWheel();
  const server = createServer((request, response) => {
    answer(request, response, probe).catch((error: unknown) => {
      if (!response.headersSent) response.writeHead(502).end(String(error));
      else response.destroy();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  const address = server.address();
  const port = isAddress(address) ? address.port : 0;
  return {
    url: `http://${host}:${port}/simple/`,
    probeUrl: `http://${host}:${port}/${PROBE_WHEEL}`,
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}

async function answer(request: IncomingMessage, response: ServerResponse, probe: Buffer): Promise<void> {
  const path = request.url ?? "/";
  if (path === `/${PROBE_WHEEL}`) {
    response.writeHead(200, { "content-type": "application/zip" }).end(probe);
    return;
  }
  const ofFiles = path.startsWith("/packages/");
  if (!ofFiles && !path.startsWith("/simple/")) {
    response.writeHead(404).end();
    return;
  }
  const { accept, range } = request.headers;
  const upstream = await fetch(`${ofFiles ? FILES : INDEX}${path}`, {
    headers: { ...(accept === undefined ? {} : { accept }), ...(range === undefined ? {} : { range }) },
  });
  const headers: Record<string, string> = {};
  for (const name of [
    "content-type",
    "content-range",
    "accept-ranges",
    ...(ofFiles ? ["content-length"] : []),
  ]) {
    const value = upstream.headers.get(name);
    if (value !== null) headers[name] = value;
  }
  response.writeHead(upstream.status, headers);
  if (!ofFiles) response.end((await upstream.text()).replaceAll(FILES, ""));
  else if (upstream.body === null || request.method === "HEAD") response.end();
  else await pipeline(Readable.fromWeb(bodyOf(upstream.body)), response);
}

/** The types of fetch and of Node's streams say the same in two ways. */
function bodyOf(body: NonNullable<Response["body"]>): ReadableStream<Uint8Array> {
  return body;
}

/** This machine's address on the network of that one. */
function ownAddressTowards(address: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const KUBELET_PORT = 10250;
    const socket = connect(KUBELET_PORT, address, () => {
      resolve(socket.localAddress ?? "");
      socket.destroy();
    });
    socket.once("error", reject);
  });
}

function isAddress(value: ReturnType<ReturnType<typeof createServer>["address"]>): value is AddressInfo {
  return typeof value === "object" && value !== null;
}
