import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { startEnvoy } from "@podule/envoy";
import { createHealth, createServer, fileWatcherCredentials, type Server } from "@podule/grpc";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { certificate } from "../../envoy/testing/certificates.ts";
import { goTool } from "../go-tools/go-tool.ts";
import { tool } from "../stack/tools.ts";
import { TestServiceDefinition } from "./proto/gen/grpc/testing/test.ts";
import { testService } from "./test-service.ts";

const run = promisify(execFile);

/** All cases of grpc-go's interop client but those for Google's credentials and for ORCA load reports, which nothing here makes. */
const CASES = [
  "empty_unary",
  "large_unary",
  "client_streaming",
  "server_streaming",
  "ping_pong",
  "empty_stream",
  "timeout_on_sleeping_server",
  "cancel_after_begin",
  "cancel_after_first_response",
  "status_code_and_message",
  "special_status_message",
  "custom_metadata",
  "unimplemented_method",
  "unimplemented_service",
  "pick_first_unary",
  "rpc_soak",
  "channel_soak",
];

const client = await goTool(import.meta.dirname, "google.golang.org/grpc/interop/client");
const cleanups: (() => Promise<unknown>)[] = [];
let folder: string;
let passed = 0;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "podule-interop-"));
});
afterAll(async () => {
  for (const cleanup of cleanups.reverse()) await cleanup();
  await rm(folder, { recursive: true });
  console.log(`interop: ${passed} cases passed`);
});

function serve(): Server {
  const server = createServer();
  const health = createHealth();
  health.set("", true);
  server.add(health.definition, health.implementation);
  server.add(TestServiceDefinition, testService);
  cleanups.push(() => server.close());
  return server;
}

/** Where to connect, and the client's flags for it. */
const targets: Record<string, () => Promise<{ address: string; flags?: string[] }>> = {
  async directly() {
    return { address: await serve().listen("127.0.0.1:0") };
  },
  async "over TLS"() {
    const { cert, key } = certificate("podule test", { hosts: ["foo.test.example"], ca: true });
    const files = { certFile: join(folder, "cert.pem"), keyFile: join(folder, "key.pem") };
    await writeFile(files.certFile, cert);
    await writeFile(files.keyFile, key);
    const address = await serve().listen("127.0.0.1:0", fileWatcherCredentials(files));
    const flags = ["--use_tls", "--use_test_ca", "--ca_file", files.certFile];
    return { address, flags: [...flags, "--server_host_override", "foo.test.example"] };
  },
  async "through Envoy"() {
    const upstream = await serve().listen("127.0.0.1:0");
    const envoy = await startEnvoy({
      binary: await tool("envoy"),
      runDir: join(folder, "envoy"),
      params: { listen: "127.0.0.1:0", upstreams: { kind: "static", addresses: [upstream] } },
    });
    cleanups.push(() => envoy.stop());
    return { address: envoy.address };
  },
};

for (const [how, start] of Object.entries(targets)) {
  describe.skipIf(client === undefined)(how, () => {
    let args: string[];
    beforeAll(async () => {
      const { address, flags = [] } = await start();
      const [host = "", port = ""] = address.split(":");
      args = ["--server_host", host, "--server_port", port, ...flags];
    });

    test.each(CASES)("%s", async (name) => {
      const env = { ...process.env, GRPC_GO_LOG_SEVERITY_LEVEL: "info" };
      const { stderr } = await run(client ?? "", [...args, "--test_case", name], { env, timeout: 60_000 });
      // A case that fails ends the client with an error; one that was run ends with a line of its own.
      expect(stderr).toMatch(/INFO: \[interop\].*(done|success)/i);
      passed += 1;
    });
  });
}
