import { Client, type ClientDuplexStream, credentials, Metadata } from "@grpc/grpc-js";
import { PoduleError } from "../errors.ts";
import { errorOfGrpc } from "../status.ts";

const DEFAULT_ADDRESS = "127.0.0.1:50051";

/** Where the pod manager is, and how to show who we are. */
export interface ChannelOptions {
  /** "host:port", "http://host:port", "https://host:port" or "unix:/path". Default: POD_MANAGER_URL, else 127.0.0.1:50051. */
  readonly url?: string | undefined;
  /** A bearer token, or what gives one whenever a stream is opened. */
  readonly token?: string | (() => string | Promise<string>) | undefined;
  /** TLS: certificates to trust, PEM. Default with https: the system's. */
  readonly ca?: string | Uint8Array | undefined;
  /** TLS: our own certificate and key, PEM. */
  readonly cert?: string | Uint8Array | undefined;
  readonly key?: string | Uint8Array | undefined;
  /** TLS: the name that the server's certificate must have. Default: the host of `url`. */
  readonly serverName?: string | undefined;
}

export type SessionStream = ClientDuplexStream<Buffer, Buffer>;

/** One HTTP/2 connection to a pod manager, or to a pod. */
export class Channel {
  readonly #client: Client;
  readonly #token: ChannelOptions["token"];

  /** `maxMessageBytes`: the largest message that is taken. */
  constructor(options: ChannelOptions, maxMessageBytes: number) {
    const url = options.url ?? (process.env["POD_MANAGER_URL"] || DEFAULT_ADDRESS);
    const { address, tls } = parseUrl(url);
    this.#token = options.token;
    const secure = tls || options.ca !== undefined || options.cert !== undefined;
    this.#client = new Client(address, secure ? secureCredentials(options) : credentials.createInsecure(), {
      "grpc-node.flow_control_window": 4 * 1024 * 1024,
      "grpc.max_receive_message_length": maxMessageBytes,
      "grpc.max_send_message_length": -1,
      // A connection that died without a word is found within 15 s.
      "grpc.keepalive_time_ms": 10_000,
      "grpc.keepalive_timeout_ms": 5_000,
      "grpc.initial_reconnect_backoff_ms": 100,
      "grpc.max_reconnect_backoff_ms": 2_000,
      // Connections are not shared with other clients in this process.
      "grpc.use_local_subchannel_pool": 1,
      ...(options.serverName === undefined ? {} : { "grpc.ssl_target_name_override": options.serverName }),
    });
  }

  async metadata(): Promise<Metadata> {
    const metadata = new Metadata();
    const token = typeof this.#token === "function" ? await this.#token() : this.#token;
    if (token !== undefined && token !== "") metadata.set("authorization", `Bearer ${token}`);
    return metadata;
  }

  session(metadata: Metadata): SessionStream {
    return this.#client.makeBidiStreamRequest("/podule.v1.Calls/Session", same, same, metadata);
  }

  /** One unary call. */
  async unary(path: string, request: Uint8Array, deadlineMs: number): Promise<Buffer> {
    const metadata = await this.metadata();
    return new Promise((resolve, reject) => {
      const options = { deadline: Date.now() + deadlineMs };
      this.#client.makeUnaryRequest(
        path,
        same,
        same,
        Buffer.from(request),
        metadata,
        options,
        (error, response) => {
          if (error !== null) reject(errorOfGrpc(error));
          else resolve(response ?? Buffer.alloc(0));
        },
      );
    });
  }

  close(): void {
    this.#client.close();
  }
}

function same(bytes: Buffer): Buffer {
  return bytes;
}

function secureCredentials(options: ChannelOptions): ReturnType<typeof credentials.createSsl> {
  return credentials.createSsl(pem(options.ca), pem(options.key), pem(options.cert));
}

function pem(text: string | Uint8Array | undefined): Buffer | null {
  if (text === undefined) return null;
  return typeof text === "string" ? Buffer.from(text) : Buffer.from(text);
}

/** Splits a URL into what gRPC dials and whether it is over TLS. */
export function parseUrl(url: string): { address: string; tls: boolean } {
  const [, scheme = "", rest = ""] = /^(?:([a-z]+):\/\/)?(.*?)\/*$/i.exec(url) ?? [];
  if (/^unix:/i.test(url)) return { address: url, tls: false };
  const tls = /^(https|grpcs)$/i.test(scheme);
  if (rest === "" || /[/?#@\s]/.test(rest) || !(scheme === "" || tls || /^(http|grpc)$/i.test(scheme))) {
    throw new PoduleError({
      code: "INVALID_ARGUMENT",
      reason: "URL_INVALID",
      message: `not an address of a pod manager: ${JSON.stringify(url)}; "host:port" or "https://host:port" is`,
    });
  }
  const hasPort = /:\d+$/.test(rest);
  const port = scheme === "" ? 50051 : tls ? 443 : 80;
  return { address: hasPort ? rest : `${rest}:${port}`, tls };
}
