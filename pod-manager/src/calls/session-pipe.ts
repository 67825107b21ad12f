import {
  Client,
  type ClientDuplexStream,
  credentials,
  Metadata,
  type ServerDuplexStream,
  type ServiceError,
} from "@grpc/grpc-js";
import { type RpcStatus, reasonOf, rpcStatus, toStatus } from "@podule/grpc";
import { decodeClientFrames, type OpenFrame, sessionChannelOptions, statusOfError } from "@podule/session";
import type { CallRecord } from "@podule/telemetry";
import { Status } from "nice-grpc-common";
import type { CallTelemetry } from "../telemetry/call-telemetry.ts";
import { MAX_STARTS, moduleMissing, serviceError } from "./call-facts.ts";
import { callerOf } from "./caller.ts";
import { whenConnected } from "./connected.ts";
import type { Outgoing } from "./outgoing.ts";
import { pipeStreams } from "./pipe-streams.ts";
import type { PodLink } from "./pod-link.ts";
import { podUnreachable } from "./refusal.ts";
import type { Router } from "./router.ts";

const PATH = "/podule.v1.Calls/Session";
/** What tells a broken stream from one whose client has ended follows within so long. */
const END_MS = 100;
const identity = (bytes: Buffer) => bytes;

/** `podule.v1.Calls/Session`: after its first frame, which names the module or an earlier session, bytes are piped both ways. */
export function sessionHandler(router: Router, maxMessageBytes: number, telemetry: CallTelemetry) {
  return (call: ServerDuplexStream<Buffer, Buffer>): void => {
    const refuse = (status: RpcStatus): void => {
      call.emit("error", serviceError(telemetry.failed(telemetry.begin(METHOD, call, "", 0), status)));
    };
    const endedEarly = (): void => refuse(notOpened("The session ended before its first frame"));
    call.once("end", endedEarly);
    call.once("data", (first: Buffer) => {
      call.off("end", endedEarly);
      call.pause();
      try {
        const open = openOf(first);
        if (open === undefined) refuse(notOpened("The first frame of a session must be `open`"));
        else if (open.token === "" && open.module === "") refuse(moduleMissing());
        else new PipedSession(router, telemetry, open, call, first, maxMessageBytes).submit();
      } catch (error) {
        refuse(toStatus(error));
      }
    });
  };
}

const METHOD = "podule.v1.Calls/Session";

class PipedSession implements Outgoing {
  readonly load = "session";
  leave: (() => void) | undefined;
  readonly #router: Router;
  readonly #telemetry: CallTelemetry;
  #record: CallRecord | undefined;
  readonly #open: OpenFrame;
  readonly #call: ServerDuplexStream<Buffer, Buffer>;
  readonly #first: Buffer;
  readonly #maxMessageBytes: number;
  #upstream: ClientDuplexStream<Buffer, Buffer> | undefined;
  #starts = 0;

  constructor(
    router: Router,
    telemetry: CallTelemetry,
    open: OpenFrame,
    call: ServerDuplexStream<Buffer, Buffer>,
    first: Buffer,
    maxMessageBytes: number,
  ) {
    this.#router = router;
    this.#telemetry = telemetry;
    this.#record = telemetry.begin(METHOD, call, open.module, 0);
    this.#open = open;
    this.#call = call;
    this.#first = first;
    this.#maxMessageBytes = maxMessageBytes;
    call.on("cancelled", () => {
      this.leave?.();
      if (this.#record !== undefined) telemetry.gone(this.#record);
      this.#record = undefined;
      if (this.#upstream === undefined) router.withdraw(open.module, this);
      else this.#upstream.cancel();
    });
  }

  get bytes(): number {
    return this.#first.length;
  }

  get caller(): string {
    return callerOf(this.#call);
  }

  get deadline(): number {
    return Number(this.#call.getDeadline());
  }

  submit(): void {
    const { token, module } = this.#open;
    if (token === "") this.#router.submit(module, this);
    else this.#router.submitToSession(token, this);
  }

  start(link: PodLink): void {
    // A connection of its own: a client that does not read must not use up the window of another.
    const options = sessionChannelOptions(this.#maxMessageBytes);
    const client = new Client(link.address, link.credentials ?? credentials.createInsecure(), options);
    link.sessions += 1;
    const left = (): void => {
      link.sessions -= 1;
      client.close();
      link.released();
    };
    this.#starts += 1;
    whenConnected(client, (connected) => {
      if (connected && !this.#call.cancelled) {
        this.#pipe(client, link, left);
        return;
      }
      left();
      if (this.#call.cancelled) return;
      if (this.#starts < MAX_STARTS) this.submit();
      else this.fail(podUnreachable(link.name, "it cannot be reached"));
    });
  }

  #pipe(client: Client, link: PodLink, left: () => void): void {
    const pod = link.name;
    const call = this.#call;
    const metadata = new Metadata();
    const traceparent = this.#record === undefined ? undefined : this.#telemetry.sent(this.#record, link);
    if (traceparent !== undefined) metadata.set("traceparent", traceparent);
    const upstream = client.makeBidiStreamRequest(PATH, identity, identity, metadata, {
      deadline: call.getDeadline(),
    });
    this.#upstream = upstream;
    let failed: RpcStatus | undefined;
    upstream.on("error", (error: ServiceError) => {
      // A write that comes too late for the stream is no news.
      failed ??= statusOf(error, pod);
    });
    upstream.once("status", () => {
      this.leave?.();
      if (failed === undefined && this.#record !== undefined) {
        this.#telemetry.succeeded(this.#record, 0);
        this.#record = undefined;
      }
      call.pause();
      left();
    });
    pipeStreams(call, upstream, this.#first, {
      podEnded: () => {
        if (call.cancelled) return;
        if (failed === undefined) call.end();
        else this.fail(failed);
      },
      clientEnded: () => {
        // A client that went away looks like one that has ended at first; the pod must not take it for that.
        setTimeout(() => {
          if (!call.cancelled) upstream.end();
        }, END_MS);
      },
    });
  }

  fail(failure: RpcStatus): void {
    this.leave?.();
    const record = this.#record;
    this.#record = undefined;
    const status = record === undefined ? failure : this.#telemetry.failed(record, failure);
    this.#call.emit("error", serviceError(status));
  }
}

/** What the transport says, where the pod itself said nothing. */
const OF_TRANSPORT = [Status.UNAVAILABLE, Status.INTERNAL, Status.CANCELLED, Status.UNKNOWN];

function statusOf(error: ServiceError, pod: string): RpcStatus {
  const status = statusOfError(error, "SESSION_FAILED");
  const ofTransport = reasonOf(status) === "SESSION_FAILED" && OF_TRANSPORT.includes(error.code);
  return ofTransport ? podUnreachable(pod, error.details) : status;
}

/** The `open` frame that a SessionRequest begins with; undefined where it begins otherwise. */
function openOf(message: Buffer): OpenFrame | undefined {
  let open: OpenFrame | undefined;
  let frames = 0;
  decodeClientFrames(message, (frame) => {
    if (frames === 0 && frame.kind === "open") open = frame;
    frames += 1;
  });
  return open;
}

function notOpened(description: string): RpcStatus {
  return rpcStatus(Status.INVALID_ARGUMENT, "SESSION_NOT_OPENED", description, {
    violations: [{ field: "frames", description }],
  });
}
