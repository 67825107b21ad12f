import { PoduleError } from "../errors.ts";
import type { Channel } from "../session/channel.ts";
import { Session } from "../session/session.ts";
import { proxyOf } from "./expression.ts";
import { identify } from "./identify.ts";
import type { SessionSource } from "./module-expression.ts";
import { ObjectExpression } from "./object-expression.ts";

const QUEUE_LIMIT = 10_000;
const REOPEN_WITHIN_MS = 30_000;

/** A session's pod ends soon; new calls of the module go to another pod. */
export interface Draining {
  readonly module: string;
  /** Until running calls are cut. */
  readonly graceMs: number;
  /** Objects that end with the pod. */
  readonly objects: number;
}

export interface SessionsOptions {
  readonly queueLimit?: number | undefined;
  readonly maxResultBytes: number;
  readonly traceparent?: (() => string) | undefined;
  readonly onDraining?: ((draining: Draining) => void) | undefined;
}

/** The session of a module, and the next one when it is lost or its pod is drained. */
export class ModuleSessions implements SessionSource {
  readonly module: string;
  /** Called when all its sessions have ended by `close`. */
  closed: () => Promise<void> | undefined = () => undefined;
  readonly #channel: Channel;
  readonly #options: SessionsOptions;
  readonly #onClosed: () => void;
  readonly #all = new Set<Session>();
  #current: Session | undefined;
  #opened = false;
  #closed = false;

  constructor(module: string, channel: Channel, options: SessionsOptions, onClosed: () => void) {
    this.module = module;
    this.#channel = channel;
    this.#options = options;
    this.#onClosed = onClosed;
  }

  /** Where new calls go. */
  session(): Session {
    if (this.#closed) {
      throw new PoduleError({
        code: "CANCELLED",
        reason: "CLOSED",
        message: `module ${this.module} has been closed`,
      });
    }
    this.#current ??= this.#open();
    return this.#current;
  }

  #open(): Session {
    const { queueLimit, maxResultBytes, traceparent } = this.#options;
    const session = new Session({
      channel: this.#channel,
      module: this.module,
      // The first is told at once that nobody is there; the next waits for a server that comes back.
      openWithinMs: this.#opened ? REOPEN_WITHIN_MS : 0,
      queueLimit: queueLimit ?? QUEUE_LIMIT,
      maxResultBytes,
      traceparent: traceparent ?? (() => ""),
      object: (of, ref) => proxyOf(new ObjectExpression(of, ref)),
      identify,
      onDraining: (of, graceMs) => this.#drain(of, graceMs),
      onLost: (of) => this.#forget(of),
    });
    this.#all.add(session);
    session.opened.then(
      () => {
        this.#opened = true;
      },
      () => undefined,
    );
    return session;
  }

  #drain(session: Session, graceMs: number): void {
    if (this.#current === session) this.#current = undefined;
    const objects = session.releases.live;
    if (objects === 0) void session.close();
    else this.#options.onDraining?.({ module: this.module, graceMs, objects });
  }

  #forget(session: Session): void {
    this.#all.delete(session);
    if (this.#current === session) this.#current = undefined;
  }

  /** Resolves when calls will be answered. */
  async ready(signal?: AbortSignal): Promise<void> {
    const session = this.session();
    if (signal === undefined) return session.opened;
    const abort = (): void => session.destroy();
    signal.addEventListener("abort", abort, { once: true });
    try {
      await session.opened;
    } catch (error) {
      signal.throwIfAborted();
      throw error;
    } finally {
      signal.removeEventListener("abort", abort);
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#onClosed();
    await Promise.all([...this.#all].map((session) => session.close()));
    const { closed } = this;
    this.closed = () => undefined;
    await closed();
  }

  destroy(): void {
    this.#closed = true;
    for (const session of this.#all) session.destroy();
  }
}
