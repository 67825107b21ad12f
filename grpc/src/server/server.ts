import { Server as GrpcServer, type ServerCredentials } from "@grpc/grpc-js";
import type { HandleCall } from "@grpc/grpc-js/build/src/server-call.js";
import { composeServerMiddleware, type ServerMiddleware } from "nice-grpc-common";
import { trackConnections } from "../protocol/connections.ts";
import { isDirect, serveUnary, type UnaryMethod } from "../protocol/direct-unary.ts";
import { checkMessages } from "../protocol/messages.ts";
import { checkRequestHeaders } from "../protocol/request-headers.ts";
import { raiseResetLimits } from "../protocol/reset-limits.ts";
import { tidyStatus, tidyStatuses } from "../protocol/statuses.ts";
import { answerUnknownMethods } from "../protocol/unknown-methods.ts";
import { widenStreamWindows } from "../protocol/windows.ts";
import { handlerOf } from "./handler.ts";
import { bind } from "./listen.ts";
import { createMethod } from "./method.ts";
import { type RawHandlers, type RawKind, rawHandler } from "./raw.ts";
import type { CompatServiceDefinition, ServiceImplementation } from "./service-types.ts";
import { createShutdown } from "./shutdown.ts";

export interface ServerOptions {
  /** Largest message received, also once decompressed. Default 64 MiB. */
  readonly maxMessageBytes?: number;
  /**
   * Whether errors that are found before a handler runs (unknown method, message too large, deadline) carry an ErrorInfo as all others do.
   * Default true. The conformance suite wants them bare.
   */
  readonly errorInfo?: boolean;
}

export interface Server {
  /** Around every `add`ed method, whenever added; the first one is the outermost. */
  use(middleware: ServerMiddleware): void;
  add<D extends CompatServiceDefinition>(definition: D, implementation: ServiceImplementation<D>): void;
  /** A grpc-js handler over the message's bytes, without middleware. `path`: "/package.Service/Method". */
  addRaw<K extends RawKind>(path: string, kind: K, handler: RawHandlers[K]): void;
  /** By definition, by the service's full name, or one method by its path. Running calls go on. */
  remove(serviceOrPath: CompatServiceDefinition | string): void;
  /** "127.0.0.1:0" or "unix:/path"; resolves to the bound address. May be called for several addresses. */
  listen(address: string, credentials?: ServerCredentials): Promise<string>;
  /** No new connections and calls; running calls may end, until the grace is over. */
  drain(graceMs: number): Promise<void>;
  close(): Promise<void>;
}

const DEFAULT_MAX_MESSAGE_BYTES = 64 * 1024 * 1024;
const identity = (bytes: Buffer) => bytes;

export function createServer(options: ServerOptions = {}): Server {
  const maxMessageBytes = options.maxMessageBytes ?? DEFAULT_MAX_MESSAGE_BYTES;
  const server = new GrpcServer({
    "grpc.max_receive_message_length": maxMessageBytes,
    "grpc.max_send_message_length": -1,
    "grpc.keepalive_time_ms": 60_000,
    "grpc.keepalive_timeout_ms": 20_000,
    "grpc.enable_channelz": 0,
  });
  raiseResetLimits(server);
  widenStreamWindows(server);
  const tidy = tidyStatus(options.errorInfo ?? true);
  const unaryMethods = new Map<string | undefined, UnaryMethod>();
  checkRequestHeaders(server, (stream, headers) => {
    const method = unaryMethods.get(headers[":path"]);
    if (method === undefined || !isDirect(stream, headers)) return false;
    serveUnary(stream, headers, method);
    return true;
  });
  checkMessages(server);
  tidyStatuses(server, options.errorInfo ?? true);
  const paths = new Set<string>();
  if (options.errorInfo ?? true) answerUnknownMethods(server, paths);
  const connections = trackConnections(server);
  const shutdown = createShutdown(server, connections);
  let middleware: ServerMiddleware | undefined;

  function register(path: string, kind: RawKind, handler: HandleCall<Buffer, Buffer>): void {
    if (!server.register(path, handler, identity, identity, kind)) {
      throw new Error(`The method ${path} is already served`);
    }
    paths.add(path);
    if (kind !== "unary") return;
    unaryMethods.set(path, {
      path,
      handler: (call, callback) => void Reflect.apply(handler, undefined, [call, callback]),
      maxMessageBytes,
      tidy,
    });
  }

  function add<D extends CompatServiceDefinition>(
    definition: D,
    implementation: ServiceImplementation<D>,
  ): void;
  function add(definition: CompatServiceDefinition, implementation: object): void {
    for (const [name, method] of Object.entries(definition.methods)) {
      const path = `/${definition.fullName}/${method.name}`;
      const { kind, handler } = handlerOf(
        createMethod(path, method, () => middleware),
        implementation,
        name,
      );
      register(path, kind, handler);
    }
  }

  return {
    use(added) {
      middleware = middleware === undefined ? added : composeServerMiddleware(middleware, added);
    },
    add,
    addRaw: (path, kind, handler) => register(path, kind, rawHandler(kind, handler)),
    remove(serviceOrPath) {
      for (const path of pathsOf(serviceOrPath, paths)) {
        server.unregister(path);
        paths.delete(path);
        unaryMethods.delete(path);
      }
    },
    async listen(address, credentials) {
      const bound = await bind(server, address, credentials);
      connections.watch();
      return bound;
    },
    drain: shutdown.drain,
    close: shutdown.close,
  };
}

function pathsOf(serviceOrPath: CompatServiceDefinition | string, paths: ReadonlySet<string>): string[] {
  if (typeof serviceOrPath === "string" && serviceOrPath.startsWith("/")) return [serviceOrPath];
  const service = typeof serviceOrPath === "string" ? serviceOrPath : serviceOrPath.fullName;
  return [...paths].filter((path) => path.startsWith(`/${service}/`));
}
