import type { RpcStatus } from "@podule/grpc";
import type { Call } from "../calls/call.ts";
import type { Kind } from "./link-codec.ts";
import type { Worker } from "./worker.ts";

export type FinalKind = typeof Kind.RESULT | typeof Kind.END | typeof Kind.ERROR;

/** What a worker tells. */
export interface WorkerListener {
  item(call: Call, payload: Buffer): void;
  final(call: Call, kind: FinalKind, payload: Buffer): void;
  /** The answer is larger than allowed; the call has ended unless it is a stream's item. */
  oversize(call: Call, final: boolean, bytes: number): void;
  /** The call was not started. */
  recalled(call: Call): void;
  /** A session's call: its body is to be pulled. */
  chunked(call: Call, total: number): void;
  piece(call: Call, data: Buffer): void;
  /** What the call took in the worker. */
  times(call: Call, payload: Buffer): void;
  /** The call goes to the worker: the trace context that goes ahead of it. */
  sending(call: Call, worker: Worker): string | undefined;
  /** More calls may be sent. */
  room(): void;
  /** It has answered calls. */
  served(worker: Worker): void;
  /** A call that was told to end does not, among others that may. */
  stuck(worker: Worker): void;
  /** The link is gone, after its last frame. */
  closed(worker: Worker): void;
}

/** A session that lives in this worker. */
export interface SessionOfWorker {
  readonly number: number;
  /** Python calls a function of the client. */
  callback(id: number, callee: number, request: Buffer): void;
  /** Its request is large, and to be pulled. */
  callbackChunked(linkId: number, id: number, total: number): void;
  callbackPiece(linkId: number, data: Buffer): void;
  /** The worker takes bytes again. */
  roomAtWorker(): void;
  /** The worker has ended. */
  lost(cause: RpcStatus): void;
}
