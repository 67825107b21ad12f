import type { ChannelCredentials } from "@grpc/grpc-js";
import type { RpcStatus } from "@podule/grpc";

export interface ConnectOptions {
  /** "unix:/path" or "HOST:PORT". */
  readonly address: string;
  /** The module's id, sent in the open frame. */
  readonly module: string;
  /** Default: insecure. */
  readonly credentials?: ChannelCredentials;
  /** Largest request or result. Default 64 MiB. */
  readonly maxMessageBytes?: number;
  /** The pod takes no new calls; those running are cut after `graceMs`. */
  readonly onDraining?: (graceMs: number) => void;
  /** Called once, after every call in flight has got its final answer. `undefined`: closed as asked. */
  readonly onClosed?: (cause: RpcStatus | undefined) => void;
}

export interface CallOptions {
  /** From now on; the pod keeps it. None: no deadline. */
  readonly timeoutMs?: number;
  /** W3C trace context. */
  readonly traceparent?: string;
}

export interface StreamOptions extends CallOptions {
  /** How many items may come before `StreamCall.credit` allows more. */
  readonly credit: number;
}

export type Done = (error: RpcStatus | undefined, response?: Buffer) => void;

export interface StreamSink {
  /** One StreamResponse. */
  item(response: Buffer): void;
  end(): void;
  error(status: RpcStatus): void;
}

export interface Call {
  /** The caller is answered CANCELLED at once; nothing after the final answer. */
  cancel(): void;
}

export interface StreamCall extends Call {
  credit(items: number): void;
}

/**
 * The calling end of one `Calls.Session` stream. Every call gets exactly one final answer, never from inside
 * `call` or `stream`. A call that was handed to the stream is never sent again: when the stream breaks it is
 * answered ABORTED, and UNAVAILABLE where it was not yet handed over.
 */
export interface SessionClient {
  /** Rejects with a StatusError. */
  readonly opened: Promise<void>;
  /** As granted by the pod; one more call is answered RESOURCE_EXHAUSTED. */
  readonly maxInFlight: number;
  readonly inFlight: number;
  call(request: Buffer, options: CallOptions, done: Done): Call;
  stream(request: Buffer, options: StreamOptions, sink: StreamSink): StreamCall;
  /** Takes no new calls; ends when those in flight have ended. */
  close(): void;
  /** Ends at once; calls in flight are answered. */
  destroy(): void;
}
