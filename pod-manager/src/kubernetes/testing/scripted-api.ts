import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { createKubernetesClient, type KubernetesClient } from "../client.ts";

export type Answer = (request: IncomingMessage, response: ServerResponse, url: URL) => void;

export interface ScriptedApi extends AsyncDisposable {
  readonly client: KubernetesClient;
  /** The requests so far, "GET /path?query". */
  readonly asked: readonly string[];
}

/** An HTTP server that answers as a test says, for what a real API server does only when it likes. The client is the real one. */
export async function startScriptedApi(answer: Answer): Promise<ScriptedApi> {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? "/", "http://api");
    asked.push(`${request.method} ${url.pathname}${url.search}`);
    answer(request, response, url);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const port = typeof address === "object" ? address?.port : 0;
  const client = await createKubernetesClient({
    access: {
      server: new URL(`http://127.0.0.1:${port}`),
      namespace: "test",
      authorize: async () => ({ headers: { authorization: "Bearer token" } }),
    },
  });
  return {
    client,
    asked,
    async [Symbol.asyncDispose]() {
      client.close();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

export function send(response: ServerResponse, code: number, body: unknown, headers = {}): void {
  response.writeHead(code, { "content-type": "application/json", ...headers });
  response.end(JSON.stringify(body));
}

export function list(version: number, names: readonly string[], next = "") {
  return {
    metadata: { resourceVersion: String(version), ...(next === "" ? {} : { continue: next }) },
    items: names.map((name) => thing(name, 1)),
  };
}

export function thing(name: string, version: number) {
  return { metadata: { name, uid: `uid-${name}`, resourceVersion: String(version) } };
}

export function event(type: string, object: unknown): string {
  return `${JSON.stringify({ type, object })}\n`;
}
