import { createServer } from "node:http";
import { CONTENT_TYPE, openMetrics } from "./open-metrics.ts";
import type { Registry } from "./registry.ts";

export interface MetricsServer {
  readonly address: string;
  close(): void;
}

/** GET /metrics for a Prometheus, at HOST:PORT. Nothing else is there. */
export async function serveMetrics(registry: Registry, listen: string): Promise<MetricsServer> {
  const match = /^(?:\[([^\]]+)\]|([^:[\]]+)):(\d{1,5})$/.exec(listen);
  const host = match?.[1] ?? match?.[2];
  if (host === undefined)
    throw new Error(`PODULE_METRICS_LISTEN: ${JSON.stringify(listen)} is not HOST:PORT`);
  const server = createServer((request, response) => {
    if (request.method === "GET" && request.url?.split("?")[0] === "/metrics")
      response.writeHead(200, { "content-type": CONTENT_TYPE }).end(openMetrics(registry.collect()));
    else response.writeHead(404).end("Metrics are at /metrics\n");
  });
  server.requestTimeout = 5000;
  server.maxConnections = 64;
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(Number(match?.[3]), host, resolve);
  });
  server.unref();
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  return {
    address: `${host}:${port}`,
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}
