import type { CallRecord } from "@podule/telemetry";
import type { SessionTrace } from "../telemetry/call-telemetry.ts";
import type { Due } from "../workers/deadlines.ts";
import type { Worker } from "../workers/worker.ts";
import type { ItemFlow } from "./item-flow.ts";

/** Who made a call. Gets items, then exactly one of the others. */
export interface Caller {
  /** A CallResponse. */
  result(call: Call, response: Buffer): void;
  /** A StreamResponse. */
  item(call: Call, response: Buffer): void;
  end(call: Call): void;
  /** A google.rpc.Status. */
  error(call: Call, status: Buffer): void;
  /** A session's call: its body is ready in the worker, to be pulled in pieces; then `result` or `item` comes, empty. */
  chunked?(call: Call, total: number): void;
  piece?(call: Call, data: Buffer): void;
}

/** Where a session's call must run. */
export interface Pin {
  readonly worker: Worker;
  /** The session's number in that worker. */
  readonly session: number;
  /** The request came in chunks, under this number. */
  readonly transfer: number | undefined;
}

/** One call, from its arrival until the worker is done with it: that may be after its caller has been answered. */
export class Call implements Due {
  readonly caller: Caller;
  /** The caller's own id for it. */
  readonly id: number;
  /** A CallRequest. A session's is not kept, once the worker has it. */
  request: Buffer;
  /** Of the request. */
  readonly bytes: number;
  /** Of a streamed call. */
  readonly flow: ItemFlow | undefined;
  due: number;
  /** The caller has had its final answer. */
  answered = false;
  /** The worker is done with it, or will never have it. */
  finished = false;
  /** Of a session's call. */
  pin: Pin | undefined;
  /** Where it is; undefined while it waits. */
  worker: Worker | undefined;
  /** Its id on the worker's link. */
  linkId = 0;
  /** Of a stream: an item has come. */
  begun = false;
  /** W3C trace context, as it came; "": none. */
  traceparent = "";
  /** Of a call on a session's stream. */
  sessionLink: SessionTrace | undefined;
  /** Until the caller has been answered. */
  record: CallRecord | undefined;
  /** When the worker was told to stop it, performance.now(); 0: it was not. */
  stoppedAt = 0;

  constructor(caller: Caller, id: number, request: Buffer, due: number, flow?: ItemFlow) {
    this.caller = caller;
    this.id = id;
    this.request = request;
    this.bytes = request.length;
    this.due = due;
    this.flow = flow;
  }
}

/** A small request must not keep the large message alive in which it came. */
export function detach(request: Buffer): Buffer {
  return request.buffer.byteLength > 4 * request.length + 4096 ? Buffer.from(request) : request;
}
