import { type ChildProcess, spawn } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Channel, credentials } from "@grpc/grpc-js";
import { managerMain } from "@podule/pod-manager";
import { type ModulesClient, ModulesDefinition } from "@podule/proto/podule/v1/modules.ts";
import { createClient } from "nice-grpc";
import { parse, stringify } from "yaml";

/** A replica of the manager, as a process here on a real cluster. */
export interface Replica extends AsyncDisposable {
  readonly name: string;
  readonly modules: ModulesClient;
  kill(signal: NodeJS.Signals): void;
  /** What it wrote to stderr. */
  log(): string;
}

export async function startReplica(options: {
  readonly name: string;
  readonly namespace: string;
  readonly kubeconfig: string;
  /** The API server's port, where another one than in the kubeconfig. */
  readonly apiPort: number;
}): Promise<Replica> {
  const { name, namespace } = options;
  const folder = await mkdtemp(join(tmpdir(), "podule-replica-"));
  const kubeconfig = join(folder, "kubeconfig");
  await writeFile(kubeconfig, withPort(await readFile(options.kubeconfig, "utf8"), options.apiPort), {
    mode: 0o600,
  });
  const child: ChildProcess = spawn(process.execPath, [managerMain], {
    stdio: ["ignore", "ignore", "pipe", "ipc"],
    env: {
      PATH: process.env["PATH"],
      HOME: folder,
      KUBECONFIG: kubeconfig,
      PODULE_BACKEND: "kubernetes",
      PODULE_LISTEN: "127.0.0.1:0",
      PODULE_POD_IMAGE: "podule.invalid/none:1",
      PODULE_POD_IMAGE_PULL_POLICY: "Never",
      PODULE_STATE_DIR: join(folder, "state"),
      PODULE_CACHE_DIR: join(folder, "cache"),
      PODULE_UV: process.env["PODULE_UV"] ?? "uv",
      NAMESPACE: namespace,
      POD_NAME: name,
      POD_IP: "127.0.0.1",
    },
  });
  let log = "";
  child.stderr?.on("data", (bytes) => {
    log = (log + String(bytes)).slice(-100_000);
  });
  const exited = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  const address = await new Promise<string>((resolve, reject) => {
    child.on("message", (message: { readonly type?: string; readonly address?: string }) => {
      if (message.type === "listening" && message.address !== undefined) resolve(message.address);
    });
    void exited.then(() => reject(new Error(`${name} has ended: ${log}`)));
  });
  const channel = new Channel(address, credentials.createInsecure(), {});
  return {
    name,
    modules: createClient(ModulesDefinition, channel),
    kill: (signal) => void child.kill(signal),
    log: () => log,
    async [Symbol.asyncDispose]() {
      channel.close();
      child.kill("SIGCONT");
      child.kill("SIGTERM");
      const late = setTimeout(() => child.kill("SIGKILL"), 10_000);
      await exited;
      clearTimeout(late);
      await rm(folder, { recursive: true, force: true });
    },
  };
}

export function serverOf(kubeconfig: string): URL {
  const { clusters } = parse(kubeconfig);
  return new URL(clusters[0].cluster.server);
}

function withPort(kubeconfig: string, port: number): string {
  const config = parse(kubeconfig);
  const server = new URL(config.clusters[0].cluster.server);
  // The certificate is for the name that was there.
  config.clusters[0].cluster["tls-server-name"] = server.hostname;
  config.clusters[0].cluster.server = `https://127.0.0.1:${port}`;
  return stringify(config);
}
