import { createServer, type Server, type Socket } from "node:net";
import { Link, type LinkEvents } from "./link.ts";
import { Kind } from "./link-codec.ts";

const HELLO_TIMEOUT_MS = 30_000;

export interface Hello {
  readonly role: "zygote" | "worker";
  /** 0 for the zygote. */
  readonly number: number;
  readonly pid: number;
}

/** Takes connections of Python processes and gives each one on, once it has said who it is. */
export class LinkServer {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(server: Server) {
    this.#server = server;
  }

  /** `accept` returns who listens to the link, or undefined to refuse it. */
  static async listen(
    path: string,
    maxPayload: number,
    accept: (hello: Hello, link: Link) => LinkEvents | undefined,
  ): Promise<LinkServer> {
    const server = createServer();
    const self = new LinkServer(server);
    server.on("connection", (socket) => {
      self.#sockets.add(socket);
      socket.on("close", () => self.#sockets.delete(socket));
      awaitHello(socket, maxPayload, accept);
    });
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(path, () => {
        server.off("error", reject);
        resolve();
      });
    });
    return self;
  }

  close(): void {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
  }
}

function awaitHello(
  socket: Socket,
  maxPayload: number,
  accept: (hello: Hello, link: Link) => LinkEvents | undefined,
): void {
  const timer = setTimeout(() => socket.destroy(), HELLO_TIMEOUT_MS);
  const link: Link = new Link(socket, maxPayload, {
    frame(kind, id, payload) {
      clearTimeout(timer);
      const hello = kind === Kind.HELLO ? parseHello(id, payload) : undefined;
      const events = hello === undefined ? undefined : accept(hello, link);
      if (events === undefined) socket.destroy();
      else link.handOver(events);
    },
    oversize: () => socket.destroy(),
    chunkEnd: () => {},
    drain: () => {},
    closed: () => clearTimeout(timer),
  });
}

function parseHello(number: number, payload: Buffer): Hello | undefined {
  const hello = parseJson(payload);
  const pid = hello.pid;
  const role = hello.role;
  if (typeof pid !== "number" || !Number.isSafeInteger(pid) || pid < 2) return undefined;
  if (role !== "zygote" && role !== "worker") return undefined;
  return { role, number, pid };
}

export interface LinkJson {
  readonly role?: unknown;
  readonly pid?: unknown;
  readonly code?: unknown;
  readonly import_ms?: unknown;
  readonly opentelemetry?: unknown;
  readonly signal?: unknown;
}

/** The object that the bytes are in JSON; an empty one where they are none. */
export function parseJson(payload: Buffer): LinkJson {
  try {
    const value: unknown = JSON.parse(payload.toString());
    return typeof value === "object" && value !== null ? { ...value } : {};
  } catch {
    return {};
  }
}
