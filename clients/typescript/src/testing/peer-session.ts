import { ErrorInfo } from "@podule/proto/google/rpc/error_details.ts";
import type { Status } from "@podule/proto/google/rpc/status.ts";
import {
  type CallFrame,
  type CallRequest,
  CallRequest as CallRequestCodec,
  CallResponse,
  type ClientFrame,
  type OpenFrame,
  ServerFrame,
  SessionRequest,
  SessionResponse,
} from "@podule/proto/podule/v1/calls.ts";
import type { Value } from "@podule/proto/podule/v1/value.ts";

export type Answer = ServerFrame["frame"];

/** A call as the peer's script sees it. */
export interface PeerCall {
  readonly id: number;
  readonly request: CallRequest;
  readonly frame: CallFrame;
  readonly session: PeerSession;
}

export interface PeerScript {
  readonly maxInFlight: number;
  readonly graceMs: number;
  call(call: PeerCall): void;
  other?(frame: NonNullable<ClientFrame["frame"]>, session: PeerSession): void;
}

/** The serving end of a session by the official codec: counts, keeps, sends again, and notes what breaks a rule. */
export class PeerSession {
  readonly token: string;
  readonly violations: string[] = [];
  readonly messages: ClientFrame[][] = [];
  readonly calls: CallRequest[] = [];
  readonly #script: PeerScript;
  #write: ((bytes: Buffer) => void) | undefined;
  #received = 0;
  #sent = 0;
  #kept: { frame: ServerFrame; number: number }[] = [];
  #lastId = 0;
  readonly #running = new Set<number>();
  readonly #chunks = new Map<string, Buffer[]>();
  /** While set, frames are taken in but not acknowledged. */
  silent = false;

  constructor(token: string, script: PeerScript) {
    this.token = token;
    this.#script = script;
  }

  attach(open: OpenFrame, write: (bytes: Buffer) => void): void {
    this.#write = write;
    const acknowledged = Number(open.received);
    this.#kept = this.#kept.filter(({ number }) => number > acknowledged);
    const { maxInFlight, graceMs } = this.#script;
    const opened = { maxInFlight, graceMs, token: this.token, received: BigInt(this.#received) };
    this.#put([{ frame: { $case: "opened", value: opened } }]);
    if (this.#kept.length > 0) this.#put(this.#kept.map(({ frame }) => frame));
  }

  detach(): void {
    this.#write = undefined;
  }

  #put(frames: ServerFrame[]): void {
    const message = SessionResponse.encode({
      frames,
      received: BigInt(this.silent ? 0 : this.#received),
    }).finish();
    this.#write?.(Buffer.from(message));
  }

  take(bytes: Buffer): void {
    const { frames, received } = SessionRequest.decode(bytes);
    const acknowledged = Number(received);
    this.#kept = this.#kept.filter(({ number }) => number > acknowledged);
    if (frames.length === 0) return;
    this.messages.push(frames);
    const chunks = frames.filter(({ frame }) => frame?.$case === "chunk").length;
    if (chunks > 1) this.#violated("two chunks in a message");
    if (bytes.length > 2 ** 20 + 1024) this.#violated(`a message of ${bytes.length} bytes`);
    for (const { frame } of frames) {
      if (frame === undefined || frame.$case === "open") continue;
      this.#received++;
      this.#frame(frame);
    }
    if (!this.silent) this.#put([]);
  }

  acknowledge(): void {
    this.silent = false;
    this.#put([]);
  }

  #violated(what: string): void {
    this.violations.push(what);
  }

  #frame(frame: NonNullable<ClientFrame["frame"]>): void {
    if (frame.$case === "call") this.#call(frame.value);
    else if (frame.$case === "chunk") {
      const { id, callback, data, total } = frame.value;
      const key = `${callback} ${id}`;
      const parts = this.#chunks.get(key) ?? [];
      parts.push(Buffer.from(data));
      this.#chunks.set(key, parts);
      if (data.length > 2 ** 20) this.#violated("a chunk of more than 1 MiB");
      if (parts.reduce((sum, part) => sum + part.length, 0) > Number(total))
        this.#violated("more than the total");
    } else this.#script.other?.(frame, this);
  }

  /** A body that came in chunks. */
  body(id: number, callback: boolean): Buffer | undefined {
    const parts = this.#chunks.get(`${callback} ${id}`);
    this.#chunks.delete(`${callback} ${id}`);
    return parts && Buffer.concat(parts);
  }

  #call(frame: CallFrame): void {
    const id = Number(frame.id);
    if (id <= this.#lastId) this.#violated(`id ${id} after ${this.#lastId}`);
    this.#lastId = id;
    this.#running.add(id);
    if (this.#running.size > this.#script.maxInFlight)
      this.#violated(`${this.#running.size} calls in flight`);
    const body = this.body(id, false);
    const request = body === undefined ? frame.request : CallRequestCodec.decode(body);
    if (request === undefined) {
      this.#violated("a call without a request");
      return;
    }
    this.calls.push(request);
    this.#script.call({ id, request, frame, session: this });
  }

  /** Sends a frame that is counted and kept. */
  send(frame: Answer): void {
    if (frame === undefined) return;
    if (frame.$case === "result" || frame.$case === "end" || frame.$case === "error") {
      this.#running.delete(Number(frame.value.id));
    }
    const kept = { frame: ServerFrame.fromPartial({ frame }), number: ++this.#sent };
    this.#kept.push(kept);
    this.#put([kept.frame]);
  }

  /** Sends one that is neither counted nor kept. */
  tell(frame: Answer): void {
    if (frame !== undefined) this.#put([ServerFrame.fromPartial({ frame })]);
  }

  result(id: number, result: Value): void {
    const body = CallResponse.encode({ result, session: "" }).finish();
    if (body.length <= 65_536) {
      this.send({ $case: "result", value: { id: BigInt(id), response: { result, session: "" } } });
      return;
    }
    for (let at = 0; at < body.length; at += 2 ** 20) {
      const data = Buffer.from(body.subarray(at, at + 2 ** 20));
      this.send({
        $case: "chunk",
        value: { id: BigInt(id), data, total: BigInt(body.length), callback: false },
      });
    }
    this.send({ $case: "result", value: { id: BigInt(id), response: undefined } });
  }

  error(id: number, code: number, reason: string, message: string): void {
    this.send({ $case: "error", value: { id: BigInt(id), status: peerStatus(code, reason, message) } });
  }
}

export function peerStatus(code: number, reason: string, message: string): Status {
  const info = ErrorInfo.encode({ reason, domain: "podule.dev", metadata: new Map() }).finish();
  return {
    code,
    message,
    details: [{ typeUrl: "type.googleapis.com/google.rpc.ErrorInfo", value: Buffer.from(info) }],
  };
}
