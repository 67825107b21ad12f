import type { RequestOptions } from "node:https";

/** Where the API server is, and how a request shows who asks. */
export interface KubeAccess {
  readonly server: URL;
  /** The namespace of the context; undefined where it names none. */
  readonly namespace: string | undefined;
  /** TLS and authorization for the next request: a token may have been renewed since the last one. */
  authorize(): Promise<RequestOptions>;
}

/**
 * Within a cluster by the service account, else by `KUBECONFIG` or `~/.kube/config`; `kubeconfig` names a file, its current context counts.
 * Throws where there is none. The library is loaded only here: it costs 85 MB.
 */
export async function loadKubeAccess(kubeconfig?: string): Promise<KubeAccess> {
  const { KubeConfig } = await import("@kubernetes/client-node");
  const config = new KubeConfig();
  if (kubeconfig !== undefined) config.loadFromFile(kubeconfig);
  else if (process.env["KUBERNETES_SERVICE_HOST"] !== undefined && process.env["KUBECONFIG"] === undefined)
    config.loadFromCluster();
  else config.loadFromDefault();
  const cluster = config.getCurrentCluster();
  if (cluster === null) throw new Error(`the context ${config.getCurrentContext()} names no cluster`);
  const context = config.getContextObject(config.getCurrentContext());
  return {
    server: new URL(cluster.server),
    namespace: context?.namespace,
    async authorize() {
      const options: RequestOptions = {};
      await config.applyToHTTPSOptions(options);
      if (cluster.proxyUrl !== undefined) return options;
      const { agent: _, ...rest } = options;
      return rest;
    },
  };
}
