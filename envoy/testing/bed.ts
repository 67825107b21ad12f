import { randomUUID } from "node:crypto";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ChannelCredentials } from "@grpc/grpc-js";
import { ensureTool } from "@podule/cli";
import { onTestFinished } from "vitest";
import { type Envoy, type EnvoyParams, startEnvoy } from "../src/index.ts";
import { type Caller, caller } from "./caller.ts";
import { startUpstream, type Upstream } from "./upstream.ts";

export function tempFolder(): string {
  return join(tmpdir(), `podule-envoy-${randomUUID().slice(0, 8)}`);
}

export function envoyBinary(): Promise<string> {
  return ensureTool("envoy");
}

/** An Envoy before the given upstreams; ends with the test. */
export async function runEnvoy(
  upstreams: readonly Upstream[],
  params: Partial<EnvoyParams> = {},
): Promise<Envoy> {
  const envoy = await startEnvoy({
    binary: await envoyBinary(),
    runDir: tempFolder(),
    params: {
      listen: "127.0.0.1:0",
      upstreams: { kind: "static", addresses: upstreams.map(({ address }) => address) },
      ...params,
    },
  });
  onTestFinished(() => envoy.stop());
  return envoy;
}

export async function runUpstream(options?: Parameters<typeof startUpstream>[0]): Promise<Upstream> {
  const upstream = await startUpstream(options);
  onTestFinished(() => upstream.stop());
  return upstream;
}

export function connect(address: string, credentials?: ChannelCredentials): Caller {
  const connection = caller(address, credentials);
  onTestFinished(() => connection.close());
  return connection;
}
