import type { ServerDuplexStream } from "@grpc/grpc-js";
import { statusError } from "@podule/grpc";
import type { OpenFrame, RoutedCall } from "@podule/session";
import { Status } from "nice-grpc-common";
import type { SessionTracer } from "../telemetry/session-tracer.ts";
import type { CallPool } from "../workers/call-pool.ts";
import type { Worker } from "../workers/worker.ts";
import { ClientSession } from "./client-session.ts";
import { POD_STOPPED, sessionLost } from "./session-errors.ts";
import { makeToken } from "./session-token.ts";

/** CallRequest.ResultMode OBJECT. */
const OBJECT = 2;
const RETRY_MS = 1000;

export interface SessionTableOptions {
  /** The pod's name, by which tokens begin. */
  readonly podName: string;
  readonly pool: CallPool;
  /** Where new sessions live. */
  readonly workers: SessionWorkers;
  /** How long a session outlives its stream, or the last call that named it. */
  readonly graceMs: number;
  readonly maxSessions: number;
  readonly maxMessageBytes: number;
  readonly tracer: SessionTracer;
  /** `size` has changed. */
  readonly onSize?: () => void;
}

export interface SessionWorkers {
  /** The worker of a new session. Rejects with a StatusError. */
  take(): Promise<Worker>;
  /** The session has ended. */
  release(worker: Worker): void;
}

/** The sessions of this pod, by their tokens. */
export class SessionTable {
  readonly #options: SessionTableOptions;
  readonly #sessions = new Map<string, ClientSession>();
  /** Those that wait for a worker. */
  #opening = 0;
  /** Set by `drain`: performance.now() at the end of the grace. */
  #drainedAt: number | undefined;
  #whenEmpty: (() => void) | undefined;

  constructor(options: SessionTableOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#sessions.size;
  }

  /** Makes the session that a stream opens, or finds the one that it goes on with. The stream is paused. Rejects with a StatusError. */
  async open(stream: ServerDuplexStream<Buffer, Buffer>, open: OpenFrame, first: Buffer): Promise<void> {
    const session = open.token === "" ? await this.#make() : this.#find(open.token);
    if (stream.cancelled) {
      if (open.token === "") session.close(undefined);
      return;
    }
    stream.resume();
    session.attach(stream, open, first);
    if (this.#drainedAt !== undefined) session.drain(Math.max(0, this.#drainedAt - performance.now()));
  }

  /** Whether a call without a stream belongs into a session. */
  wants(call: RoutedCall): boolean {
    return call.session !== "" || call.resultMode === OBJECT;
  }

  /** The session that such a call names, or a new one. Rejects with a StatusError. */
  async of(call: RoutedCall): Promise<ClientSession> {
    return call.session === "" ? await this.#make() : this.#find(call.session);
  }

  drain(graceMs: number): void {
    this.#drainedAt = performance.now() + graceMs;
    for (const session of this.#sessions.values()) session.drain(graceMs);
  }

  /** Ends all that are left. */
  close(): void {
    for (const session of [...this.#sessions.values()]) session.close(POD_STOPPED);
  }

  /** Resolves when the last session has ended. */
  empty(): Promise<void> {
    if (this.#sessions.size === 0) return Promise.resolve();
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#whenEmpty = resolve;
    return promise;
  }

  async #make(): Promise<ClientSession> {
    const { pool, workers, graceMs, maxSessions, maxMessageBytes, podName, tracer } = this.#options;
    if (this.#sessions.size + this.#opening >= maxSessions)
      throw statusError(
        Status.RESOURCE_EXHAUSTED,
        "TOO_MANY_SESSIONS",
        `The pod has ${maxSessions} sessions already`,
        { retryAfterMs: RETRY_MS },
      );
    this.#opening++;
    const worker = await workers.take().finally(() => {
      this.#opening--;
    });
    const token = makeToken(podName);
    const session = new ClientSession({
      token,
      pool,
      worker,
      graceMs,
      maxMessageBytes,
      tracer,
      onEnd: () => {
        this.#sessions.delete(token);
        workers.release(worker);
        this.#options.onSize?.();
        if (this.#sessions.size === 0) this.#whenEmpty?.();
      },
    });
    this.#sessions.set(token, session);
    this.#options.onSize?.();
    return session;
  }

  #find(token: string): ClientSession {
    const session = this.#sessions.get(token);
    if (session === undefined) throw sessionLost();
    return session;
  }
}
