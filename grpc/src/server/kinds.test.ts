import { setTimeout as sleep } from "node:timers/promises";
import { Metadata } from "nice-grpc";
import { describe, expect, test, vi } from "vitest";
import { statusOf } from "../../testing/status-of.ts";
import { connectText, echo, serveText, type Text, type TextService } from "../../testing/text-service.ts";
import { type CallContext, reasonOf, type ServerMiddleware, Status, statusError } from "../index.ts";

async function* texts(...items: string[]) {
  for (const text of items) yield { text };
}

async function collect(items: AsyncIterable<Text>): Promise<string[]> {
  const all: string[] = [];
  for await (const item of items) all.push(item.text);
  return all;
}

/** One call of each kind, by the same name as its file. */
type Client = ReturnType<typeof connectText>;
interface Options {
  signal?: AbortSignal;
  metadata?: Metadata;
  onHeader?: (header: Metadata) => void;
  onTrailer?: (trailer: Metadata) => void;
}
const kinds: Record<string, (client: Client, options?: Options) => Promise<string[]>> = {
  unary: async (client, options) => [(await client.one({ text: "abc" }, options)).text],
  "server-stream": (client, options) => collect(client.many({ text: "abc" }, options)),
  "client-stream": async (client, options) => [(await client.join(texts("ab", "c"), options)).text],
  bidi: (client, options) => collect(client.each(texts("ab", "c"), options)),
};

/** A service whose methods all run `run` first. */
function service(run: (context: CallContext) => Promise<void>): TextService {
  return {
    async one(request, context) {
      await run(context);
      return echo.one(request, context);
    },
    async *many(request, context) {
      await run(context);
      yield* echo.many(request, context);
    },
    async join(requests, context) {
      await run(context);
      return echo.join(requests, context);
    },
    async *each(requests, context) {
      await run(context);
      yield* echo.each(requests, context);
    },
  };
}

const answers: Record<string, string[]> = {
  unary: ["abc"],
  "server-stream": ["a", "b", "c"],
  "client-stream": ["abc"],
  bidi: ["ab", "c"],
};

describe.each(Object.keys(kinds))("%s", (kind) => {
  const call = kinds[kind] ?? expect.unreachable();

  test("answers", async () => {
    const { address } = await serveText();
    expect(await call(connectText(address))).toEqual(answers[kind]);
  });

  test("carries metadata, header and trailer", async () => {
    const { address } = await serveText(
      service(async ({ metadata, header, trailer }) => {
        header.set("x-got", metadata.get("x-sent") ?? "nothing");
        trailer.set("x-end-bin", new Uint8Array([1, 2, 3, 4]));
      }),
    );
    let header: Metadata | undefined;
    let trailer: Metadata | undefined;
    await call(connectText(address), {
      metadata: Metadata({ "x-sent": "ping" }),
      onHeader: (received) => (header = received),
      onTrailer: (received) => (trailer = received),
    });
    expect(header?.get("x-got")).toBe("ping");
    expect(Buffer.from(trailer?.get("x-end-bin") ?? [])).toEqual(Buffer.from([1, 2, 3, 4]));
  });

  test("sends an error with its details", async () => {
    const { address } = await serveText(
      service(async ({ trailer }) => {
        trailer.set("x-end", "yes");
        throw statusError(Status.FAILED_PRECONDITION, "NOT_TODAY", "Not “today”", { retryAfterMs: 1500 });
      }),
    );
    const status = await statusOf((options) => call(connectText(address), options));
    expect(status).toMatchObject({ code: Status.FAILED_PRECONDITION, message: "Not “today”" });
    expect(reasonOf(status)).toBe("NOT_TODAY");
    expect(status.details.map(({ typeUrl }) => typeUrl)).toEqual([
      "type.googleapis.com/google.rpc.ErrorInfo",
      "type.googleapis.com/google.rpc.RetryInfo",
    ]);
  });

  test("turns anything thrown into INTERNAL", async () => {
    const { address } = await serveText(
      service(async () => {
        throw new TypeError("lone \ud800 surrogate");
      }),
    );
    const status = await statusOf((options) => call(connectText(address), options));
    expect(status).toMatchObject({ code: Status.INTERNAL, message: "lone \ufffd surrogate" });
    expect(reasonOf(status)).toBe("INTERNAL");
  });

  test("runs middleware from the outside in, also one that was added late", async () => {
    const { server, address } = await serveText();
    const log: string[] = [];
    const named = (name: string): ServerMiddleware =>
      async function* (request, context) {
        log.push(`${name} ${request.method.path} in`);
        const result = yield* request.next(request.request, context);
        log.push(`${name} out`);
        return result;
      };
    server.use(named("first"));
    server.use(named("second"));
    expect(await call(connectText(address))).toEqual(answers[kind]);
    expect(log.map((line) => line.replace(/\/\S+ /, ""))).toEqual([
      "first in",
      "second in",
      "second out",
      "first out",
    ]);
  });

  test("lets middleware refuse", async () => {
    const { server, address } = await serveText();
    server.use(async function* () {
      yield* [];
      throw statusError(Status.PERMISSION_DENIED, "NO", "no");
    });
    expect(await statusOf((options) => call(connectText(address), options))).toMatchObject({
      code: Status.PERMISSION_DENIED,
    });
  });

  test("aborts the signal when the client cancels", async () => {
    const aborted = vi.fn();
    const started = Promise.withResolvers<void>();
    const { address } = await serveText(
      service(async ({ signal }) => {
        started.resolve();
        await sleep(20_000, undefined, { signal }).catch(aborted);
      }),
    );
    const controller = new AbortController();
    const result = call(connectText(address), { signal: controller.signal });
    await started.promise;
    controller.abort();
    await expect(result).rejects.toThrow(/abort/i);
    await vi.waitFor(() => expect(aborted).toHaveBeenCalledOnce());
  });

  test("aborts the signal at the deadline and answers DEADLINE_EXCEEDED", async () => {
    const aborted = vi.fn();
    const { address } = await serveText(
      service(async ({ signal, deadline }) => {
        expect(deadline?.getTime()).toBeGreaterThan(Date.now());
        await sleep(20_000, undefined, { signal }).catch(aborted);
      }),
    );
    // As metadata, so that only the server knows of it.
    const metadata = Metadata({ "grpc-timeout": "200m" });
    const status = await statusOf((options) => call(connectText(address), { ...options, metadata }));
    expect(status).toMatchObject({ code: Status.DEADLINE_EXCEEDED });
    expect(reasonOf(status)).toBe("DEADLINE_EXCEEDED");
    await vi.waitFor(() => expect(aborted).toHaveBeenCalledOnce());
  });

  test("does not abort the signal of a call that has ended", async () => {
    let signal: AbortSignal | undefined;
    const { address } = await serveText(
      service(async (context) => {
        signal = context.signal;
      }),
    );
    await call(connectText(address));
    await sleep(50);
    expect(signal?.aborted).toBe(false);
  });
});
