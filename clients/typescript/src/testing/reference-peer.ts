import { Metadata, Server, ServerCredentials, type ServerDuplexStream } from "@grpc/grpc-js";
import { Status } from "@podule/proto/google/rpc/status.ts";
import { SessionRequest } from "@podule/proto/podule/v1/calls.ts";
import { type PeerScript, PeerSession, peerStatus } from "./peer-session.ts";

/**
 * A server of sessions for tests of what a healthy server does not do when asked: break streams, stall, forget, drain. It reads and
 * writes by the official codec, and remembers every rule that the client breaks.
 */
export class ReferencePeer implements AsyncDisposable {
  readonly sessions: PeerSession[] = [];
  readonly metadata: Metadata[] = [];
  readonly #server = new Server();
  readonly #streams = new Set<ServerDuplexStream<Buffer, Buffer>>();
  readonly #script: PeerScript;
  address = "";
  /** Streams that are refused before they open, as by a network that is down. */
  refuse = false;
  /** Refused sessions, by a pod that is about to end. */
  draining = 0;

  constructor(script: PeerScript) {
    this.#script = script;
    const same = (bytes: Buffer): Buffer => bytes;
    this.#server.register(
      "/podule.v1.Calls/Session",
      (stream: ServerDuplexStream<Buffer, Buffer>) => this.#serve(stream),
      same,
      same,
      "bidi",
    );
  }

  async listen(): Promise<this> {
    const port = await new Promise<number>((resolve, reject) => {
      this.#server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, bound) => {
        if (error) reject(error);
        else resolve(bound);
      });
    });
    this.address = `127.0.0.1:${port}`;
    return this;
  }

  #serve(stream: ServerDuplexStream<Buffer, Buffer>): void {
    this.#streams.add(stream);
    this.metadata.push(stream.metadata);
    let session: PeerSession | undefined;
    const gone = (): void => {
      session?.detach();
      this.#streams.delete(stream);
    };
    stream.on("error", gone);
    stream.on("cancelled", gone);
    stream.on("end", () => {
      gone();
      stream.end();
    });
    if (this.refuse) {
      end(stream, 14, "", "refused");
      return;
    }
    stream.on("data", (bytes: Buffer) => {
      if (session !== undefined) {
        session.take(bytes);
        return;
      }
      const [first] = SessionRequest.decode(bytes).frames;
      if (first?.frame?.$case !== "open") throw new Error("the first frame is not open");
      const open = first.frame.value;
      if (this.draining > 0) {
        this.draining -= 1;
        end(stream, 14, "DRAINING", "the pod takes no new calls");
        return;
      }
      session = open.token === "" ? this.#begin() : this.sessions.find(({ token }) => token === open.token);
      if (session === undefined) end(stream, 5, "SESSION_LOST", "no such session");
      else session.attach(open, (message) => stream.write(message));
    });
  }

  #begin(): PeerSession {
    const session = new PeerSession(`peer.${this.sessions.length}`, this.#script);
    this.sessions.push(session);
    return session;
  }

  get session(): PeerSession {
    const session = this.sessions.at(-1);
    if (session === undefined) throw new Error("there is no session");
    return session;
  }

  /** Breaks all streams, without a word. */
  break(): void {
    for (const stream of [...this.#streams]) {
      this.#streams.delete(stream);
      end(stream, 14, "", "the connection broke");
    }
  }

  forget(): void {
    this.sessions.length = 0;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.forceShutdown();
  }
}

function end(
  stream: ServerDuplexStream<Buffer, Buffer>,
  code: number,
  reason: string,
  details: string,
): void {
  const metadata = new Metadata();
  if (reason !== "") {
    metadata.set(
      "grpc-status-details-bin",
      Buffer.from(Status.encode(peerStatus(code, reason, details)).finish()),
    );
  }
  stream.emit("error", { code, details, metadata });
}
