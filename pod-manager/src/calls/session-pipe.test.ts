import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { Client, type ClientDuplexStream, credentials, Metadata, type ServiceError } from "@grpc/grpc-js";
import { type RpcStatus, reasonOf } from "@podule/grpc";
import { CallRequest, SessionResponse } from "@podule/proto/podule/v1/calls.ts";
import { type ClientFrame, decodeServerFrames, encodeClientFrames, statusOfError } from "@podule/session";
import { Status } from "nice-grpc";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { findUv } from "../environments/testing/find-uv.ts";
import { startManager } from "../testing/start-manager.ts";
import { until } from "../testing/until.ts";

const open = { kind: "open", resumable: false, token: "", received: 0, stateless: false } as const;
const identity = (bytes: Buffer) => bytes;
const int = (value: number) => ({ kind: { $case: "int" as const, value: BigInt(value) } });

function callFrame(
  id: number,
  request: Parameters<typeof CallRequest.fromPartial>[0],
  credit = 0,
): ClientFrame {
  const bytes = Buffer.from(CallRequest.encode(CallRequest.fromPartial(request)).finish());
  return { kind: "call", id, request: bytes, timeoutMs: 0, traceparent: "", stream: credit > 0, credit };
}

function residentBytes(pid: number): number {
  return Number(readFileSync(`/proc/${pid}/statm`, "latin1").split(" ")[1]) * 4096;
}

/** A session's stream as bytes, and how it ended. */
class Stream {
  readonly raw: ClientDuplexStream<Buffer, Buffer>;
  readonly ended: Promise<RpcStatus | undefined>;
  readonly kinds: string[] = [];

  constructor(client: Client, ...frames: ClientFrame[]) {
    this.raw = client.makeBidiStreamRequest("/podule.v1.Calls/Session", identity, identity, new Metadata());
    this.ended = new Promise((resolve) => {
      this.raw.on("error", (error: ServiceError) => resolve(statusOfError(error, "")));
      this.raw.on("status", ({ code }: { code: number }) => {
        if (code === Status.OK) resolve(undefined);
      });
    });
    this.send(...frames);
  }

  send(...frames: ClientFrame[]): void {
    this.raw.write(encodeClientFrames(frames));
  }

  read(): this {
    this.raw.on("data", (message: Buffer) =>
      decodeServerFrames(message, ({ kind }) => this.kinds.push(kind)),
    );
    return this;
  }
}

describe.skipIf(findUv() === undefined)("sessions through the manager", { timeout: 120_000 }, () => {
  let manager: Awaited<ReturnType<typeof startManager>>;
  let client: Client;

  beforeAll(async () => {
    manager = await startManager();
    client = new Client(manager.address, credentials.createInsecure());
  }, 60_000);
  afterEach(() => expect(manager.child.exitCode).toBeNull());
  afterAll(async () => {
    client.close();
    await manager.end("SIGTERM");
    manager.remove();
  }, 60_000);

  const podOf = async (module: string) => {
    const { pods } = await manager.pods.listPods({
      filter: `module = "modules/${module}" AND state = READY`,
    });
    if (pods[0] === undefined) throw new Error(`${module} has no pod`);
    return pods[0];
  };

  test("end with the client's sending side, after the calls in flight", async () => {
    const stream = new Stream(client, { ...open, module: "time" });
    stream.send(callFrame(1, { function: "sleep", args: [{ kind: { $case: "float", value: 0.3 } }] }));
    stream.read().raw.end();
    expect(await stream.ended).toBeUndefined();
    expect(stream.kinds).toEqual(["opened", "result"]);
  });

  test("pass the status of the pod on, with its details and behind its last frames", async () => {
    const stream = new Stream(client, { ...open, module: "time" }, { ...open, module: "time" }).read();
    const status = await stream.ended;
    expect(status?.code).toBe(Status.INVALID_ARGUMENT);
    expect(status && reasonOf(status)).toBe("PROTOCOL_VIOLATION");
    expect(stream.kinds).toEqual(["opened", "error"]);
  });

  test("a token of a pod that is not there: SESSION_LOST, for streams, calls and streamed calls", async () => {
    const token = "time-zzzzz.AAAAAAAAAAAAAAAAAAAAAA";
    const lost = await new Stream(client, { ...open, resumable: true, module: "time", token }).read().ended;
    expect([lost?.code, lost && reasonOf(lost)]).toEqual([Status.NOT_FOUND, "SESSION_LOST"]);
    const request = { module: "time", function: "time", session: token };
    await expect(manager.calls.call(request)).rejects.toMatchObject({ code: Status.NOT_FOUND });
    const items = manager.calls.stream(request)[Symbol.asyncIterator]();
    await expect(items.next()).rejects.toMatchObject({ code: Status.NOT_FOUND });
    await expect(manager.calls.call({ function: "time" })).rejects.toMatchObject({
      code: Status.INVALID_ARGUMENT,
    });
  });

  test("kill -9 of the pod: the stream ends with a typed error at once", async () => {
    const stream = new Stream(client, { ...open, module: "time" }).read();
    await until(() => stream.kinds.includes("opened"));
    stream.send(callFrame(1, { function: "sleep", args: [int(60)] }));
    process.kill(manager.podProcess((await podOf("time")).address), "SIGKILL");
    const status = await stream.ended;
    expect([status?.code, status && reasonOf(status)]).toEqual([Status.UNAVAILABLE, "POD_UNREACHABLE"]);
  });

  /** A session that is open; another try where a pod has gone and the manager has not been told yet. */
  const opened = async (module: string): Promise<Stream> => {
    for (;;) {
      const stream = new Stream(client, { ...open, module }).read();
      const ended = stream.ended.then((status) => ({ status }));
      const isOpen = until(() => stream.kinds.includes("opened")).then(() => undefined);
      isOpen.catch(() => undefined);
      const end = await Promise.race([ended, isOpen]);
      if (end === undefined) return stream;
      expect(end.status?.code).toBe(Status.UNAVAILABLE);
      await sleep(100);
    }
  };

  test("a client that goes away ends its calls", async () => {
    const stream = await opened("time");
    stream.send(callFrame(1, { function: "sleep", args: [int(60)] }));
    await sleep(300);
    stream.raw.cancel();
    await stream.ended;
    // The one worker is free again: no call waits behind the sleep.
    const { result } = await manager.calls.call({ module: "time", function: "sleep", args: [int(0)] });
    expect(result?.kind?.$case).toBe("null");
  });

  test("a client that does not read holds up itself: the manager keeps little, others go on", async () => {
    const resident = () => residentBytes(manager.child.pid ?? 0);
    const one = {
      function: "repeat",
      args: [{ kind: { $case: "bytes" as const, value: Buffer.alloc(60_000) } }],
    };
    const stream = new Stream(client, { ...open, module: "itertools" });
    const filter = 'module = "modules/itertools" AND state = READY';
    await until(async () => (await manager.pods.listPods({ filter })).pods.length === 1);
    const before = resident();
    stream.send(callFrame(1, one, 4_000_000));
    await sleep(2000);
    const start = performance.now();
    await manager.calls.call({ module: "math", function: "isqrt", args: [int(9)] });
    expect(performance.now() - start).toBeLessThan(10_000);
    expect(resident() - before).toBeLessThan(96 * 1024 * 1024);
    const items = new Promise<number>((resolve) => {
      let count = 0;
      stream.raw.on("data", (message: Buffer) => {
        for (const { frame } of SessionResponse.decode(message).frames)
          if (frame?.$case === "item" && ++count === 2000) resolve(count);
      });
    });
    expect(await items).toBe(2000);
    stream.raw.cancel();
    await stream.ended;
  });
});
