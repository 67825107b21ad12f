import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import {
  type handleServerStreamingCall,
  type handleUnaryCall,
  Metadata,
  Server,
  ServerCredentials,
  type ServiceDefinition,
} from "@grpc/grpc-js";
import { HealthCheckRequest, HealthCheckResponse } from "@podule/proto/grpc/health/v1/health.ts";

export interface Upstream {
  readonly address: string;
  /** Calls of `Echo` that have come. */
  readonly calls: number;
  /** Metadata of the last call. */
  readonly lastMetadata: Metadata;
  setServing(serving: boolean): void;
  stop(): void;
}

const SERVING = 1;
const NOT_SERVING = 2;

const identity = (value: Buffer) => value;

function method(path: string, responseStream: boolean) {
  return {
    path,
    requestStream: false,
    responseStream,
    requestSerialize: identity,
    requestDeserialize: identity,
    responseSerialize: identity,
    responseDeserialize: identity,
  };
}

/** What stands behind Envoy here: raw bytes in and out. */
export const ECHO = {
  /** Answers with what it got; `sleep:MS` after so long. */
  echo: method("/test.Echo/Echo", false),
  /** Fails with the code that it got, and details. */
  fail: method("/test.Echo/Fail", false),
  /** `count:every ms`: so many items, one each so many milliseconds. */
  count: method("/test.Echo/Count", true),
} satisfies ServiceDefinition;

export async function startUpstream(
  options: { address?: string; serving?: boolean; credentials?: ServerCredentials } = {},
): Promise<Upstream> {
  const server = new Server();
  let serving = options.serving ?? true;
  let calls = 0;
  let lastMetadata = new Metadata();
  const echo: handleUnaryCall<Buffer, Buffer> = (call, done) => {
    calls += 1;
    lastMetadata = call.metadata;
    const wait = /^sleep:(\d+)$/.exec(call.request.toString())?.[1];
    if (wait === undefined) done(null, call.request);
    else setTimeout(() => done(null, call.request), Number(wait));
  };
  const fail: handleUnaryCall<Buffer, Buffer> = (call, done) => {
    const metadata = new Metadata();
    metadata.set("grpc-status-details-bin", Buffer.from("details"));
    done({ code: Number(call.request.toString()), details: "as asked: ä", metadata });
  };
  const count: handleServerStreamingCall<Buffer, Buffer> = async (call) => {
    const [items = 0, every = 0] = call.request.toString().split(":").map(Number);
    for (let i = 0; i < items && !call.cancelled; i += 1) {
      if (every > 0) await sleep(every);
      if (!call.write(Buffer.from(String(i))))
        await Promise.race([once(call, "drain"), once(call, "cancelled")]);
    }
    call.end();
  };
  server.addService(ECHO, { echo, fail, count });
  server.addService(
    {
      check: {
        ...method("/grpc.health.v1.Health/Check", false),
        requestDeserialize: (bytes: Buffer) => HealthCheckRequest.decode(bytes),
        responseSerialize: (message: HealthCheckResponse) =>
          Buffer.from(HealthCheckResponse.encode(message).finish()),
      },
    },
    {
      check: ((_call, done) => {
        done(null, { status: serving ? SERVING : NOT_SERVING });
      }) satisfies handleUnaryCall<HealthCheckRequest, HealthCheckResponse>,
    },
  );
  const address = options.address ?? `unix:/tmp/podule-test-${randomUUID().slice(0, 8)}.sock`;
  const port = await new Promise<number>((resolve, reject) =>
    server.bindAsync(address, options.credentials ?? ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    ),
  );
  return {
    address: address.endsWith(":0") ? `${address.slice(0, -1)}${port}` : address,
    get calls() {
      return calls;
    },
    get lastMetadata() {
      return lastMetadata;
    },
    setServing(value) {
      serving = value;
    },
    stop: () => server.forceShutdown(),
  };
}
