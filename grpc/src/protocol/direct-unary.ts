import { EventEmitter } from "node:events";
import type { IncomingHttpHeaders, OutgoingHttpHeaders, ServerHttp2Stream } from "node:http2";
import type { handleUnaryCall, Metadata, ServerUnaryCall, StatusObject, sendUnaryData } from "@grpc/grpc-js";
import type { AuthContext } from "@grpc/grpc-js/build/src/auth-context.js";
import { PerRequestMetricRecorder } from "@grpc/grpc-js/build/src/orca.js";
import { serverErrorToStatus } from "@grpc/grpc-js/build/src/server-call.js";
import { Status } from "nice-grpc-common";
import { toServiceError } from "../service-error.ts";
import { framed, SingleMessage } from "./message-framing.ts";
import { metadataOf, timeoutOf } from "./request-metadata.ts";
import { UnpaddedMetadata } from "./unpadded-metadata.ts";

export interface UnaryMethod {
  readonly path: string;
  readonly handler: handleUnaryCall<Buffer, Buffer>;
  readonly maxMessageBytes: number;
  /** The last look at a status before it is sent. */
  tidy(status: StatusObject): StatusObject;
}

const CONTENT = { ":status": 200, "content-type": "application/grpc+proto" } as const;
const HEADERS = {
  ...CONTENT,
  "grpc-accept-encoding": "identity,deflate,gzip",
  "grpc-encoding": "identity",
} as const;
const OK_TRAILERS = { "grpc-status": 0, "grpc-message": "" } as const;

/** Whether `serveUnary` can take it: not what is compressed, nor what has a certificate. */
export function isDirect(stream: ServerHttp2Stream, headers: IncomingHttpHeaders): boolean {
  return (headers["grpc-encoding"] ?? "identity") === "identity" && stream.session?.encrypted === false;
}

/** One call of one method, without grpc-js: its handlers see no difference, and a call takes two thirds of the time. */
export function serveUnary(
  stream: ServerHttp2Stream,
  headers: IncomingHttpHeaders,
  method: UnaryMethod,
): void {
  new DirectCall(stream, headers, method);
}

class DirectCall extends EventEmitter implements ServerUnaryCall<Buffer, Buffer> {
  cancelled = false;
  request: Buffer = Buffer.alloc(0);
  readonly #stream: ServerHttp2Stream;
  readonly #headers: IncomingHttpHeaders;
  readonly #method: UnaryMethod;
  readonly #message: SingleMessage;
  #metadata: Metadata | undefined;
  #deadline = Number.POSITIVE_INFINITY;
  #timer: NodeJS.Timeout | undefined;
  #hasBegun = false;
  #isAnswered = false;
  #recorder: PerRequestMetricRecorder | undefined;

  constructor(stream: ServerHttp2Stream, headers: IncomingHttpHeaders, method: UnaryMethod) {
    super();
    this.#stream = stream;
    this.#headers = headers;
    this.#method = method;
    this.#message = new SingleMessage(method.maxMessageBytes);
    stream.on("data", (chunk: Buffer) => this.#onData(chunk));
    stream.on("end", () => this.#onEnd());
    stream.on("close", () => this.#cancel());
    this.#startTimer(headers["grpc-timeout"]);
  }

  get metadata(): Metadata {
    this.#metadata ??= metadataOf(this.#headers);
    return this.#metadata;
  }

  getPeer(): string {
    const { remoteAddress, remotePort } = this.#stream.session?.socket ?? {};
    if (!remoteAddress) return "unknown";
    return remotePort ? `${remoteAddress}:${remotePort}` : remoteAddress;
  }

  sendMetadata(metadata: Metadata): void {
    if (this.#isOver() || this.#hasBegun) return;
    this.#begin(UnpaddedMetadata.of(metadata).toHttp2Headers());
  }

  getDeadline(): number {
    return this.#deadline;
  }

  getPath(): string {
    return this.#method.path;
  }

  getHost(): string {
    return this.#headers[":authority"] ?? this.#headers.host ?? "";
  }

  getAuthContext(): AuthContext {
    return {};
  }

  getMetricsRecorder(): PerRequestMetricRecorder {
    this.#recorder ??= new PerRequestMetricRecorder();
    return this.#recorder;
  }

  #isOver(): boolean {
    return this.#isAnswered || this.cancelled || this.#stream.destroyed || this.#stream.closed;
  }

  #startTimer(header: string | string[] | undefined): void {
    if (header === undefined) return;
    const timeoutMs = timeoutOf(header);
    if (timeoutMs === undefined) {
      this.#fail(Status.INTERNAL, `Invalid grpc-timeout value "${String(header)}"`);
      return;
    }
    this.#deadline = Date.now() + timeoutMs;
    this.#timer = setTimeout(() => {
      this.#fail(Status.DEADLINE_EXCEEDED, "Deadline exceeded");
      this.#notify();
    }, timeoutMs);
  }

  #onData(chunk: Buffer): void {
    if (this.#isOver()) return;
    const problem = this.#message.push(chunk);
    if (problem !== undefined) this.#fail(problem.code, problem.details);
  }

  #onEnd(): void {
    if (this.#isOver()) return;
    const message = this.#message.end();
    if (!Buffer.isBuffer(message)) {
      this.#fail(message.code, message.details);
      return;
    }
    this.request = message;
    const answer: sendUnaryData<Buffer> = (error, value, trailer) => this.#answer(error, value, trailer);
    try {
      this.#method.handler(this, answer);
    } catch (error) {
      answer(toServiceError(error));
    }
  }

  #answer(
    error: Parameters<sendUnaryData<Buffer>>[0],
    value: Buffer | null | undefined,
    trailer: Metadata | undefined,
  ): void {
    if (this.#isOver()) return;
    if (error !== null) {
      const { code, details, metadata } = serverErrorToStatus(error, trailer);
      this.#end({
        code: code ?? Status.UNKNOWN,
        details: details ?? "",
        metadata: metadata ?? new UnpaddedMetadata(),
      });
      return;
    }
    this.#close();
    const trailers =
      trailer === undefined ? OK_TRAILERS : withMetadata(OK_TRAILERS, UnpaddedMetadata.of(trailer));
    if (!this.#hasBegun) this.#begin({});
    this.#stream.once("wantTrailers", () => this.#stream.sendTrailers(trailers));
    this.#stream.end(framed(value ?? Buffer.alloc(0)));
  }

  #fail(code: Status, details: string): void {
    if (!this.#isOver()) this.#end({ code, details, metadata: new UnpaddedMetadata() });
  }

  #end(status: StatusObject): void {
    this.#close();
    const { code, details, metadata } = this.#method.tidy(status);
    const trailers = withMetadata({ "grpc-status": code, "grpc-message": encodeURI(details) }, metadata);
    if (this.#hasBegun) {
      this.#stream.once("wantTrailers", () => this.#stream.sendTrailers(trailers));
      this.#stream.end();
    } else {
      this.#stream.respond({ ...CONTENT, ...trailers }, { endStream: true });
    }
  }

  #begin(headers: object): void {
    this.#hasBegun = true;
    this.#stream.respond({ ...HEADERS, ...headers }, { waitForTrailers: true });
  }

  #close(): void {
    this.#isAnswered = true;
    clearTimeout(this.#timer);
  }

  /** The client has gone, unless the call has ended. */
  #cancel(): void {
    clearTimeout(this.#timer);
    if (!this.#isAnswered) this.#notify();
  }

  #notify(): void {
    if (this.cancelled) return;
    this.cancelled = true;
    process.nextTick(() => this.emit("cancelled", "cancelled"));
  }
}

function withMetadata(trailers: object, metadata: Metadata): OutgoingHttpHeaders {
  return { ...trailers, ...metadata.toHttp2Headers() };
}
