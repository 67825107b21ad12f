import type { IncomingMessage } from "node:http";
import { parseJson } from "../environments/json.ts";
import { apiErrorOf, KubernetesApiError } from "./api-error.ts";
import { type KubeAccess, loadKubeAccess } from "./kube-access.ts";
import { pause } from "./pause.ts";
import { createTokenBucket } from "./token-bucket.ts";
import { createTransport } from "./transport.ts";

export interface KubernetesClientOptions {
  /** Path of a kubeconfig. Default: the service account within a cluster, else `KUBECONFIG` or `~/.kube/config`. */
  readonly kubeconfig?: string;
  /** Instead of a kubeconfig. */
  readonly access?: KubeAccess;
  /** Requests a second. Default 50. */
  readonly qps?: number;
  /** Requests at once after a rest. Default 100. */
  readonly burst?: number;
  /** For a whole request, its turn in the queue not counted. Default 15 s. */
  readonly timeoutMs?: number;
}

/** How a patch is meant. "apply" is server-side apply; it needs `fieldManager`. */
export type PatchKind = "apply" | "merge" | "json" | "strategic";

export interface RequestOptions {
  readonly query?: Readonly<Record<string, string | number | boolean | undefined>>;
  readonly body?: unknown;
  readonly patch?: PatchKind;
  readonly signal?: AbortSignal;
  readonly timeoutMs?: number;
  /** Does not wait for its turn behind others: for what keeps a manager the leader. */
  readonly urgent?: boolean;
}

export interface KubernetesClient {
  /** The namespace of the context; "default" where it names none. */
  readonly namespace: string;
  /** The answer's JSON. A 429 is tried again when the API server said; else throws KubernetesApiError, or what broke the connection. */
  request(method: string, path: string, options?: RequestOptions): Promise<unknown>;
  /** An answer that goes on: a watch, a log. It ends when `signal` aborts. */
  stream(path: string, options: RequestOptions & { readonly signal: AbortSignal }): Promise<IncomingMessage>;
  get(path: string, options?: RequestOptions): Promise<unknown>;
  create(path: string, body: unknown, options?: RequestOptions): Promise<unknown>;
  replace(path: string, body: unknown, options?: RequestOptions): Promise<unknown>;
  patch(path: string, kind: PatchKind, body: unknown, options?: RequestOptions): Promise<unknown>;
  delete(path: string, options?: RequestOptions): Promise<unknown>;
  close(): void;
}

/** The name under which this manager's fields are kept in `metadata.managedFields`. */
export const FIELD_MANAGER = "podule-manager";

const CONTENT_TYPES: Readonly<Record<PatchKind, string>> = {
  apply: "application/apply-patch+yaml",
  merge: "application/merge-patch+json",
  json: "application/json-patch+json",
  strategic: "application/strategic-merge-patch+json",
};
const SOCKETS = 64;
const MAX_BODY = 256 * 1024 * 1024;
const RETRIES_429 = 5;
const LONGEST_RETRY_AFTER_MS = 30_000;

export async function createKubernetesClient(
  options: KubernetesClientOptions = {},
): Promise<KubernetesClient> {
  const { qps = 50, burst = 100, timeoutMs = 15_000 } = options;
  const access = options.access ?? (await loadKubeAccess(options.kubeconfig));
  const transport = createTransport(access, SOCKETS);
  const bucket = createTokenBucket({ qps, burst });

  function open(method: string, path: string, request: RequestOptions, signal: AbortSignal) {
    const { body, patch } = request;
    return transport.exchange({
      method,
      path: `${path}${queryOf(request.query)}`,
      headers: {
        accept: "application/json",
        "user-agent": FIELD_MANAGER,
        ...(body === undefined
          ? {}
          : { "content-type": patch === undefined ? "application/json" : CONTENT_TYPES[patch] }),
      },
      body: body === undefined ? undefined : JSON.stringify(body),
      signal,
    });
  }

  async function once(method: string, path: string, options: RequestOptions): Promise<unknown> {
    if (options.urgent !== true) await bucket.take(options.signal);
    const timeout = AbortSignal.timeout(options.timeoutMs ?? timeoutMs);
    const signal = options.signal === undefined ? timeout : AbortSignal.any([options.signal, timeout]);
    const answer = await open(method, path, options, signal);
    const text = await textOf(answer);
    const json = parseJson(text);
    const code = answer.statusCode ?? 0;
    if (code < 200 || code > 299) throw apiErrorOf(code, json, text, retryAfterOf(answer));
    if (json === undefined) throw new Error(`${method} ${path}: the answer is no JSON`);
    return json;
  }

  async function request(method: string, path: string, options: RequestOptions = {}): Promise<unknown> {
    for (let retries = 0; ; retries++) {
      try {
        return await once(method, path, options);
      } catch (error) {
        const refused = error instanceof KubernetesApiError && error.code === 429 && retries < RETRIES_429;
        if (!refused) throw error;
        await pause(Math.min(error.retryAfterMs ?? 1000, LONGEST_RETRY_AFTER_MS), options.signal);
      }
    }
  }

  return {
    namespace: access.namespace ?? "default",
    request,
    async stream(path, options) {
      if (options.urgent !== true) await bucket.take(options.signal);
      const head = new AbortController();
      const timer = setTimeout(
        () => head.abort(new Error("The API server does not answer")),
        options.timeoutMs ?? timeoutMs,
      );
      try {
        const answer = await open("GET", path, options, AbortSignal.any([options.signal, head.signal]));
        const code = answer.statusCode ?? 0;
        if (code >= 200 && code <= 299) return answer;
        const text = await textOf(answer);
        throw apiErrorOf(code, parseJson(text), text, retryAfterOf(answer));
      } finally {
        clearTimeout(timer);
      }
    },
    get: (path, options) => request("GET", path, options),
    create: (path, body, options) => request("POST", path, { ...options, body }),
    replace: (path, body, options) => request("PUT", path, { ...options, body }),
    patch: (path, patch, body, options) => request("PATCH", path, { ...options, body, patch }),
    delete: (path, options) => request("DELETE", path, options),
    close: transport.close,
  };
}

async function textOf(answer: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  let length = 0;
  for await (const part of answer) {
    const bytes = Buffer.isBuffer(part) ? part : Buffer.from(String(part));
    length += bytes.length;
    if (length > MAX_BODY) throw new Error(`The API server's answer is larger than ${MAX_BODY} bytes`);
    parts.push(bytes);
  }
  return Buffer.concat(parts).toString("utf8");
}

function queryOf(query: RequestOptions["query"]): string {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(query ?? {}))
    if (value !== undefined) parameters.set(name, String(value));
  const text = parameters.toString();
  return text === "" ? "" : `?${text}`;
}

function retryAfterOf(answer: IncomingMessage): number | undefined {
  const seconds = Number(answer.headers["retry-after"]);
  return Number.isFinite(seconds) && seconds >= 0 ? seconds * 1000 : undefined;
}
