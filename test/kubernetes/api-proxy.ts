import { connect, createServer, type Socket } from "node:net";

/** Between managers and the API server: away, or silent. */
export interface ApiProxy extends AsyncDisposable {
  readonly port: number;
  /** "through"; "away": connections are refused and broken; "silent": nothing more comes or goes on those that are there. */
  set(state: "through" | "away" | "silent"): void;
}

export async function startApiProxy(target: URL): Promise<ApiProxy> {
  let state: "through" | "away" | "silent" = "through";
  const pairs = new Set<readonly [Socket, Socket]>();
  const server = createServer((client) => {
    if (state === "away") {
      client.destroy();
      return;
    }
    const api = connect(Number(target.port || 443), target.hostname);
    const pair = [client, api] as const;
    pairs.add(pair);
    const end = () => {
      pairs.delete(pair);
      client.destroy();
      api.destroy();
    };
    for (const socket of pair) socket.on("error", end).on("close", end);
    client.pipe(api);
    api.pipe(client);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  return {
    port: typeof address === "object" ? (address?.port ?? 0) : 0,
    set(next) {
      state = next;
      for (const [client, api] of pairs) {
        if (next === "away") client.destroy();
        if (next !== "silent") continue;
        client.unpipe(api).pause();
        api.unpipe(client).pause();
      }
    },
    async [Symbol.asyncDispose]() {
      for (const [client] of pairs) client.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
