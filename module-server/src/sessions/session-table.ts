import type { ServerDuplexStream } from "@grpc/grpc-js";
import { statusError } from "@podule/grpc";
import type { OpenFrame, RoutedCall } from "@podule/session";
import { Status } from "nice-grpc-common";
import type { CallPool } from "../workers/call-pool.ts";
import { ClientSession } from "./client-session.ts";
import { makeToken } from "./session-token.ts";

/** CallRequest.ResultMode OBJECT. */
const OBJECT = 2;
const RETRY_MS = 1000;

export interface SessionTableOptions {
  /** The pod's name, by which tokens begin. */
  readonly podName: string;
  readonly pool: CallPool;
  /** How long a session outlives its stream, or the last call that named it. */
  readonly graceMs: number;
  readonly maxSessions: number;
  readonly maxMessageBytes: number;
}

/** The sessions of this pod, by their tokens. */
export class SessionTable {
  readonly #options: SessionTableOptions;
  readonly #sessions = new Map<string, ClientSession>();
  #whenEmpty: (() => void) | undefined;

  constructor(options: SessionTableOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#sessions.size;
  }

  /** Makes the session that a stream opens, or finds the one that it goes on with. The stream is paused. Rejects with a StatusError. */
  async open(stream: ServerDuplexStream<Buffer, Buffer>, open: OpenFrame, first: Buffer): Promise<void> {
    const session = open.token === "" ? await this.#make(open.resumable) : this.#find(open.token);
    if (stream.cancelled) {
      if (open.token === "") session.close(undefined);
      return;
    }
    session.attach(stream, open, first);
    stream.resume();
  }

  /** Whether a call without a stream belongs into a session. */
  wants(call: RoutedCall): boolean {
    return call.session !== "" || call.resultMode === OBJECT;
  }

  /** The session that such a call names, or a new one. Rejects with a StatusError. */
  async of(call: RoutedCall): Promise<ClientSession> {
    return call.session === "" ? await this.#make(true) : this.#find(call.session);
  }

  drain(graceMs: number): void {
    for (const session of this.#sessions.values()) session.drain(graceMs);
  }

  /** Resolves when the last session has ended. */
  empty(): Promise<void> {
    if (this.#sessions.size === 0) return Promise.resolve();
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#whenEmpty = resolve;
    return promise;
  }

  async #make(resumable: boolean): Promise<ClientSession> {
    const { pool, graceMs, maxSessions, maxMessageBytes, podName } = this.#options;
    const worker = await pool.workerForSession();
    if (this.#sessions.size >= maxSessions)
      throw statusError(
        Status.RESOURCE_EXHAUSTED,
        "TOO_MANY_SESSIONS",
        `The pod has ${maxSessions} sessions already`,
        { retryAfterMs: RETRY_MS },
      );
    const token = makeToken(podName);
    const session = new ClientSession({
      token,
      pool,
      worker,
      resumable,
      graceMs,
      maxMessageBytes,
      onEnd: () => {
        this.#sessions.delete(token);
        if (this.#sessions.size === 0) this.#whenEmpty?.();
      },
    });
    this.#sessions.set(token, session);
    return session;
  }

  #find(token: string): ClientSession {
    const session = this.#sessions.get(token);
    if (session === undefined)
      throw statusError(
        Status.NOT_FOUND,
        "SESSION_LOST",
        "There is no such session: it ended, its time ran out, or its worker died",
      );
    return session;
  }
}
