import { ensureModule } from "./modules/ensure-module.ts";
import { hasSpec, type ModuleSpecOptions } from "./modules/module-options.ts";
import { proxyOf } from "./remote/expression.ts";
import { ModuleExpression } from "./remote/module-expression.ts";
import { type Draining, ModuleSessions } from "./remote/module-sessions.ts";
import type { RemoteModule } from "./remote/types.ts";
import { Channel, type ChannelOptions } from "./session/channel.ts";

export interface ConnectOptions extends ChannelOptions {
  /** Calls of one module that may wait here for their turn; one more fails with CLIENT_QUEUE_FULL. Default 10,000. */
  readonly queueLimit?: number | undefined;
  /** The largest result. Default 1 GiB. */
  readonly maxResultBytes?: number | undefined;
  /** Gives the W3C trace context for a call that is being made ("00-…"); empty for none. */
  readonly traceparent?: (() => string) | undefined;
  /** A module's pod ends soon, and this client holds objects in it that end with it. */
  readonly onDraining?: ((draining: Draining) => void) | undefined;
}

export interface ImportOptions extends ModuleSpecOptions {
  /** Aborting it gives up the import, while the module is being made. */
  readonly signal?: AbortSignal | undefined;
}

const MAX_RESULT_BYTES = 2 ** 30;

/** One connection for several modules; each has a session of its own. */
export class Connection {
  readonly #channel: Channel;
  readonly #options: ConnectOptions & { readonly maxResultBytes: number };
  readonly #modules = new Map<string, ModuleSessions>();

  constructor(options: ConnectOptions = {}) {
    this.#options = { ...options, maxResultBytes: options.maxResultBytes ?? MAX_RESULT_BYTES };
    // A result that is no larger than its message is allowed to be comes with some words around it.
    this.#channel = new Channel(
      options,
      Math.min(2 ** 31 - 1, (options.maxResultBytes ?? MAX_RESULT_BYTES) + 2 ** 21),
    );
  }

  /** The module of this name; with a spec it is made if it is not there. Resolves when its calls will be answered. */
  async import<T = unknown>(name: string, options: ImportOptions = {}): Promise<RemoteModule<T>> {
    return (await this.open<T>(name, options)).module;
  }

  /** The same, with what ends it. */
  async open<T>(
    name: string,
    options: ImportOptions,
  ): Promise<{ module: RemoteModule<T>; sessions: ModuleSessions }> {
    options.signal?.throwIfAborted();
    if (hasSpec(options)) await ensureModule(this.#channel, name, options);
    let sessions = this.#modules.get(name);
    if (sessions === undefined) {
      sessions = new ModuleSessions(name, this.#channel, this.#options, () => this.#modules.delete(name));
      this.#modules.set(name, sessions);
    }
    try {
      await sessions.ready(options.signal);
    } catch (error) {
      this.#modules.delete(name);
      throw error;
    }
    return { module: proxyOf<RemoteModule<T>>(new ModuleExpression(sessions)), sessions };
  }

  /** Ends all sessions when their calls have ended. */
  async close(): Promise<void> {
    await Promise.all([...this.#modules.values()].map((sessions) => sessions.close()));
    this.#channel.close();
  }

  /** Ends all sessions at once; calls in flight fail. */
  destroy(): void {
    for (const sessions of this.#modules.values()) sessions.destroy();
    this.#channel.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
