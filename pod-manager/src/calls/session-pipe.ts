import {
  Client,
  type ClientDuplexStream,
  credentials,
  Metadata,
  type ServerDuplexStream,
  type ServiceError,
} from "@grpc/grpc-js";
import { type RpcStatus, rpcStatus, toStatus } from "@podule/grpc";
import { decodeClientFrames, statusOfError } from "@podule/session";
import { Status } from "nice-grpc-common";
import { moduleMissing, serviceError } from "./call-facts.ts";
import type { Outgoing } from "./outgoing.ts";
import { pipeMessages } from "./pipe.ts";
import type { PodLink } from "./pod-link.ts";
import type { Router } from "./router.ts";

const PATH = "/podule.v1.Calls/Session";
const WINDOW_BYTES = 1024 * 1024;
const ENVELOPE_BYTES = 64 * 1024;
const identity = (bytes: Buffer) => bytes;

/** `podule.v1.Calls/Session`: after its first frame, which names the module, bytes are piped both ways. */
export function sessionHandler(router: Router, maxMessageBytes: number) {
  return (call: ServerDuplexStream<Buffer, Buffer>): void => {
    const refuse = (status: RpcStatus): void => {
      call.emit("error", serviceError(status));
    };
    const endedEarly = (): void => refuse(notOpened("The session ended before its first frame"));
    call.once("end", endedEarly);
    call.once("data", (first: Buffer) => {
      call.off("end", endedEarly);
      call.pause();
      try {
        const module = openedModule(first);
        if (module === undefined) refuse(notOpened("The first frame of a session must be `open`"));
        else if (module === "") refuse(moduleMissing());
        else router.submit(module, new PipedSession(router, module, call, first, maxMessageBytes));
      } catch (error) {
        refuse(toStatus(error));
      }
    });
  };
}

class PipedSession implements Outgoing {
  readonly #call: ServerDuplexStream<Buffer, Buffer>;
  readonly #first: Buffer;
  readonly #maxMessageBytes: number;
  #upstream: ClientDuplexStream<Buffer, Buffer> | undefined;

  constructor(
    router: Router,
    module: string,
    call: ServerDuplexStream<Buffer, Buffer>,
    first: Buffer,
    maxMessageBytes: number,
  ) {
    this.#call = call;
    this.#first = first;
    this.#maxMessageBytes = maxMessageBytes;
    call.on("cancelled", () => {
      if (this.#upstream === undefined) router.withdraw(module, this);
      else this.#upstream.cancel();
    });
  }

  get bytes(): number {
    return this.#first.length;
  }

  start(link: PodLink): void {
    // A connection of its own: a client that does not read must not use up the window of another.
    const client = new Client(link.address, credentials.createInsecure(), {
      "grpc-node.flow_control_window": WINDOW_BYTES,
      "grpc.enable_retries": 0,
      "grpc.max_send_message_length": this.#maxMessageBytes + ENVELOPE_BYTES,
      "grpc.max_receive_message_length": this.#maxMessageBytes + ENVELOPE_BYTES,
      "grpc.use_local_subchannel_pool": 1,
    });
    const metadata = new Metadata();
    for (const value of this.#call.metadata.get("traceparent")) metadata.add("traceparent", value);
    const deadline = this.#call.getDeadline();
    const upstream = client.makeBidiStreamRequest(PATH, identity, identity, metadata, { deadline });
    this.#upstream = upstream;
    link.sessions += 1;
    upstream.once("close", () => {
      link.sessions -= 1;
      client.close();
      link.released();
    });
    upstream.once("error", (error: ServiceError) => {
      // A write that comes too late for the stream is no news.
      upstream.on("error", () => {});
      this.#call.pause();
      if (!this.#call.cancelled) this.fail(statusOfError(error, "SESSION_LOST"));
    });
    upstream.once("status", ({ code }: { code: number }) => {
      if (code === Status.OK) this.#call.end();
    });
    upstream.write(this.#first);
    pipeMessages(upstream, this.#call);
    pipeMessages(this.#call, upstream);
    this.#call.on("end", () => upstream.end());
  }

  fail(status: RpcStatus): void {
    this.#call.emit("error", serviceError(status));
  }
}

/** The module of the `open` frame that a SessionRequest begins with; undefined where it begins otherwise. */
function openedModule(message: Buffer): string | undefined {
  let module: string | undefined;
  let frames = 0;
  decodeClientFrames(message, (frame) => {
    if (frames === 0 && frame.kind === "open") module = frame.module;
    frames += 1;
  });
  return module;
}

function notOpened(description: string): RpcStatus {
  return rpcStatus(Status.INVALID_ARGUMENT, "SESSION_NOT_OPENED", description, {
    violations: [{ field: "frames", description }],
  });
}
