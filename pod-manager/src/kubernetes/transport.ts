import http, { type IncomingMessage } from "node:http";
import https from "node:https";
import type { KubeAccess } from "./kube-access.ts";

export interface Exchange {
  readonly method: string;
  /** Path and query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | undefined;
  /** It ends the request, also while its answer comes. */
  readonly signal: AbortSignal;
}

export interface Transport {
  /** Resolves with the head of the answer; its body is the reader's. */
  exchange(exchange: Exchange): Promise<IncomingMessage>;
  close(): void;
}

const KEEP_ALIVE_MS = 15_000;

/** HTTP/1.1 over kept connections, at most `maxSockets` of them; a watch holds one for itself. */
export function createTransport(access: KubeAccess, maxSockets: number): Transport {
  const { server } = access;
  const secure = server.protocol === "https:";
  const settings = { keepAlive: true, keepAliveMsecs: KEEP_ALIVE_MS, maxSockets };
  const agent = secure ? new https.Agent(settings) : new http.Agent(settings);
  const prefix = server.pathname.replace(/\/$/, "");

  return {
    async exchange({ method, path, headers, body, signal }) {
      const authorized = await access.authorize();
      signal.throwIfAborted();
      const own: http.OutgoingHttpHeaders = { ...toHeaders(authorized.headers), ...headers };
      if (body !== undefined) own["content-length"] = Buffer.byteLength(body);
      const { request } = secure ? https : http;
      return new Promise((resolve, reject) => {
        const sent = request(
          {
            agent,
            ...authorized,
            protocol: server.protocol,
            hostname: server.hostname.replace(/^\[|\]$/g, ""),
            ...(server.port === "" ? {} : { port: server.port }),
            method,
            path: `${prefix}${path}`,
            headers: own,
            signal,
          },
          resolve,
        );
        sent.on("error", (error) => reject(signal.aborted ? (signal.reason ?? error) : error));
        sent.end(body);
      });
    },
    close: () => agent.destroy(),
  };
}

/** `authorize` gives names and values, never a list of them. */
function toHeaders(headers: https.RequestOptions["headers"]): http.OutgoingHttpHeaders {
  const own: http.OutgoingHttpHeaders = {};
  for (const [name, value] of Object.entries(headers ?? {})) if (typeof value === "string") own[name] = value;
  return own;
}
