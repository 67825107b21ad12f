/** "unix:/path", "127.0.0.1:50051" or "[::1]:50051". */
export type Address = string;

export interface EnvoyParams {
  /** Where users come in. Port 0: a free one, which `startEnvoy` tells. */
  readonly listen: Address;
  readonly upstreams: Upstreams;
  /** Statistics and control: a unix socket or a loopback address, never anything else. */
  readonly admin: Address;
  /** A file, or "stdout". Default: none. */
  readonly accessLog?: string;
  /**
   * File of an encoded FileDescriptorSet: with it JSON is taken too, by `POST /podule.v1.Calls/Call`. It needs the types of error
   * details as well.
   */
  readonly descriptorFile?: string;
  /** Connections of users at once. Default 10,000. */
  readonly maxConnections?: number;
  readonly tls?: ListenerTls;
  readonly jwt?: Jwt;
  readonly upstreamTls?: UpstreamTls;
  /**
   * A second port, without TLS, for probes of an orchestrator: GET /ready is 200 until Envoy drains, then 503; GET /started only
   * where a manager is healthy, too. Nothing else is there.
   * Default: none.
   */
  readonly probes?: Address;
  /** Where spans go. Default: nowhere. */
  readonly tracing?: Tracing;
  /** Origins of web pages that may call ("https://app.example.com"), or "*". Default: pages served from this machine. */
  readonly corsOrigins?: readonly string[];
}

export interface Tracing {
  /** An OTLP/gRPC receiver: "http://HOST:PORT" or "https://HOST:PORT". */
  readonly endpoint: string;
  /** Of the traces that begin here: 0 to 1. */
  readonly ratio: number;
  /** Of a trace that began elsewhere, its caller decides. */
  readonly parentBased: boolean;
  /** Sent with each export. */
  readonly headers: readonly (readonly [string, string])[];
  /** Of the resource, besides its name and version. */
  readonly attributes: Readonly<Record<string, string>>;
  /** Who has signed the receiver's certificate. Default: the system's authorities. */
  readonly caFile?: string;
}

/** The pod managers: their addresses, or a name that resolves to all of them (a headless service). */
export type Upstreams =
  | { readonly kind: "static"; readonly addresses: readonly Address[] }
  | { readonly kind: "dns"; readonly name: string; readonly port: number };

export interface ListenerTls {
  readonly certFile: string;
  readonly keyFile: string;
  /** Clients must have a certificate of this authority. */
  readonly clientCaFile?: string;
  /**
   * A folder with the files of `renderSecrets`: Envoy then takes up certificates that are renamed into the place of these, while it runs. `startEnvoy`
   * sees to that.
   */
  readonly secretsDir?: string;
}

export interface Jwt {
  readonly issuer: string;
  readonly jwksFile: string;
  /** Default: any audience. */
  readonly audiences?: readonly string[];
}

export interface UpstreamTls {
  readonly caFile: string;
  /** The name that the managers' certificates must have. */
  readonly serverName: string;
  /** What Envoy itself shows them. */
  readonly certFile?: string;
  readonly keyFile?: string;
  /** As for `ListenerTls`. */
  readonly secretsDir?: string;
}
