import { createServer, connect as dial, type Server, type Socket } from "node:net";

/** A network between the client and a server that can be broken, and stopped from taking anything. */
export class BreakableProxy implements AsyncDisposable {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  address = "";
  /** New connections are refused at once. */
  down = false;

  constructor(target: string) {
    this.#server = createServer((near) => {
      if (this.down) {
        near.destroy();
        return;
      }
      const far = target.startsWith("unix:")
        ? dial(target.slice("unix:".length))
        : dial(Number(target.split(":")[1]), target.split(":")[0]);
      for (const socket of [near, far]) {
        this.#sockets.add(socket);
        socket.on("error", () => undefined);
        socket.on("close", () => {
          this.#sockets.delete(socket);
          near.destroy();
          far.destroy();
        });
      }
      near.pipe(far);
      far.pipe(near);
    });
  }

  async listen(): Promise<this> {
    await new Promise<void>((resolve) => this.#server.listen(0, "127.0.0.1", resolve));
    const address = this.#server.address();
    if (address === null || typeof address === "string") throw new Error("no port");
    this.address = `127.0.0.1:${address.port}`;
    return this;
  }

  /** Breaks the connections that have carried so many bytes: with some, a slow machine gets on as well. */
  break(carried = 0): void {
    for (const socket of this.#sockets)
      if (socket.bytesRead + socket.bytesWritten >= carried) socket.destroy();
  }

  /** Nothing passes in either direction, and nobody is told. */
  stall(stalled: boolean): void {
    for (const socket of this.#sockets) {
      if (stalled) socket.pause();
      else socket.resume();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.break();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
