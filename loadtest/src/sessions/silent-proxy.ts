import { connect, createServer, type Socket } from "node:net";

export interface SilentProxy extends AsyncDisposable {
  readonly address: string;
  /** Connections that are there stay open, and nothing comes through them any more; new ones work. */
  silence(): void;
}

/** A TCP proxy whose connections can become half-open, as behind a router that has forgotten them. */
export async function startSilentProxy(target: string): Promise<SilentProxy> {
  const [host = "", port] = target.split(":");
  const pairs = new Set<readonly [Socket, Socket]>();
  const server = createServer((near) => {
    const far = connect(Number(port), host);
    const pair = [near, far] as const;
    pairs.add(pair);
    near.pipe(far);
    far.pipe(near);
    for (const [socket, other] of [pair, [far, near] as const]) {
      socket.on("error", () => other.destroy());
      socket.on("close", () => {
        other.destroy();
        pairs.delete(pair);
      });
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (typeof address !== "object" || address === null) throw new Error("The proxy does not listen");
  return {
    address: `127.0.0.1:${address.port}`,
    silence() {
      for (const [near, far] of pairs)
        for (const [from, to] of [[near, far] as const, [far, near] as const]) {
          from.unpipe(to);
          from.pause();
        }
    },
    async [Symbol.asyncDispose]() {
      for (const pair of pairs) for (const socket of pair) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
