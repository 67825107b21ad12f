import {
  ChannelCredentials,
  Client,
  type ClientReadableStream,
  Metadata,
  type ServiceError,
} from "@grpc/grpc-js";
import { ECHO } from "./upstream.ts";

export interface Answer {
  readonly code: number;
  readonly text: string;
  readonly metadata: Metadata;
}

export interface Caller {
  echo(text: string, options?: { headers?: Record<string, string>; timeoutMs?: number }): Promise<Answer>;
  fail(code: number): Promise<Answer>;
  count(items: number, everyMs: number): ClientReadableStream<Buffer>;
  close(): void;
}

/** A connection of its own to Envoy. An error is an answer too: what came is what is tested. */
export function caller(address: string, credentials = ChannelCredentials.createInsecure()): Caller {
  const client = new Client(address, credentials, { "grpc.use_local_subchannel_pool": 1 });
  const same = (bytes: Buffer) => bytes;
  const unary = (path: string, text: string, headers: Record<string, string> = {}, timeoutMs = 20_000) => {
    const metadata = new Metadata();
    for (const [key, value] of Object.entries(headers)) metadata.set(key, value);
    return new Promise<Answer>((resolve) => {
      client.makeUnaryRequest(
        path,
        same,
        same,
        Buffer.from(text),
        metadata,
        { deadline: Date.now() + timeoutMs },
        (error: ServiceError | null, value?: Buffer) =>
          resolve(
            error === null
              ? { code: 0, text: value?.toString() ?? "", metadata: new Metadata() }
              : { code: error.code, text: error.details, metadata: error.metadata },
          ),
      );
    });
  };
  return {
    echo: (text, options) => unary(ECHO.echo.path, text, options?.headers, options?.timeoutMs),
    fail: (code) => unary(ECHO.fail.path, String(code)),
    count: (items, everyMs) =>
      client.makeServerStreamRequest(ECHO.count.path, same, same, Buffer.from(`${items}:${everyMs}`)),
    close: () => client.close(),
  };
}

export async function collect(stream: AsyncIterable<unknown>): Promise<string[]> {
  const items: string[] = [];
  for await (const item of stream) items.push(String(item));
  return items;
}
