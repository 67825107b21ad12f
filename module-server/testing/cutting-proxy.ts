import { connect, createServer, type Server, type Socket } from "node:net";

/** Stands between a client and a pod, and cuts connections at any byte. */
export class CuttingProxy implements AsyncDisposable {
  readonly address: string;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  /** Bytes until the next cut, either way. */
  #left = Number.POSITIVE_INFINITY;
  cuts = 0;

  private constructor(address: string, server: Server) {
    this.address = address;
    this.#server = server;
  }

  /** Both are paths of unix sockets. */
  static async listen(path: string, target: string): Promise<CuttingProxy> {
    const server = createServer();
    const proxy = new CuttingProxy(`unix:${path}`, server);
    server.on("connection", (near) => proxy.#join(near, connect(target)));
    await new Promise<void>((resolve) => server.listen(path, resolve));
    return proxy;
  }

  /** After so many more bytes all connections are cut, in the middle of whatever passes. */
  cutAfter(bytes: number): void {
    this.#left = bytes;
  }

  cut(): void {
    this.#left = Number.POSITIVE_INFINITY;
    if (this.#sockets.size > 0) this.cuts++;
    for (const socket of this.#sockets) socket.destroy();
  }

  #join(near: Socket, far: Socket): void {
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      this.#sockets.add(from);
      from.on("data", (data: Buffer) => this.#pass(from, to, data));
      to.on("drain", () => from.resume());
      from.on("end", () => to.end());
      from.on("error", () => {});
      from.on("close", () => {
        this.#sockets.delete(from);
        to.destroy();
      });
    }
  }

  #pass(from: Socket, to: Socket, data: Buffer): void {
    if (data.length >= this.#left) {
      to.write(data.subarray(0, this.#left));
      this.cut();
      return;
    }
    this.#left -= data.length;
    if (!to.write(data)) from.pause();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.cut();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
