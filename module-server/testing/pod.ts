import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { Client, type ClientReadableStream, credentials, type ServiceError } from "@grpc/grpc-js";
import { type RpcStatus, reasonOf } from "@podule/grpc";
import { HealthCheckRequest, HealthCheckResponse } from "@podule/proto/grpc/health/v1/health.ts";
import { connectSession, type SessionClient, statusOfError } from "@podule/session";
import { type Plain, resultOf } from "./call-request.ts";

const { PATH } = process.env;
const MAIN = fileURLToPath(new URL("../src/main.ts", import.meta.url));
const MODULES = fileURLToPath(new URL("./modules", import.meta.url));
const identity = (bytes: Buffer) => bytes;

export interface PodOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** Do not wait until it serves. */
  readonly unready?: boolean;
}

/** The real module server with the real worker, in a folder of its own. */
export interface TestPod extends AsyncDisposable {
  readonly child: ChildProcess;
  readonly folder: string;
  readonly address: string;
  readonly client: Client;
  /** Resolves with its exit code or signal. */
  readonly ended: Promise<number | NodeJS.Signals | null>;
  output(): string;
  call(request: Buffer, options?: { timeoutMs?: number; signal?: AbortSignal }): Promise<Plain>;
  stream(request: Buffer): ClientReadableStream<Buffer>;
  session(): SessionClient;
  /** The Python processes: the zygote's, then the workers'. */
  pythons(): number[];
  file(name: string): string;
  read(name: string): string | undefined;
}

/** The test's own module `trouble`, unless MODULE_NAME is given. */
export async function startPod(options: PodOptions = {}): Promise<TestPod> {
  const folder = mkdtempSync(join(tmpdir(), "podtest-"));
  const address = `unix:${join(folder, "pod")}`;
  const env = {
    PATH: PATH ?? "",
    MODULE_NAME: "trouble",
    PODULE_MODULE_PATH: MODULES,
    PODULE_LISTEN: address,
    PODULE_RUN_DIR: folder,
    TERMINATION_MESSAGE_PATH: join(folder, "termination"),
    ...options.env,
  };
  const child = spawn(process.execPath, [MAIN], {
    cwd: folder,
    env,
    stdio: ["ignore", "pipe", "pipe", "ipc"],
  });
  const chunks: Buffer[] = [];
  child.stdout?.on("data", (chunk: Buffer) => chunks.push(chunk));
  child.stderr?.on("data", (chunk: Buffer) => chunks.push(chunk));
  const ended = new Promise<number | NodeJS.Signals | null>((resolve) => {
    child.once("exit", (code, signal) => resolve(code ?? signal));
  });
  const client = new Client(address, credentials.createInsecure(), {
    "grpc.max_receive_message_length": -1,
    "grpc.use_local_subchannel_pool": 1,
    "grpc.initial_reconnect_backoff_ms": 50,
    "grpc.max_reconnect_backoff_ms": 100,
  });
  const output = () => Buffer.concat(chunks).toString();
  const pod: TestPod = {
    child,
    folder,
    address,
    client,
    ended,
    output,
    call: (request, callOptions) => unary(client, request, callOptions),
    stream: (request) =>
      client.makeServerStreamRequest("/podule.v1.Calls/Stream", identity, identity, request),
    session: () => connectSession({ address, module: "" }),
    pythons: () => descendants(child.pid ?? 0),
    file: (name) => join(folder, name),
    read(name) {
      try {
        return readFileSync(join(folder, name), "utf8");
      } catch {
        return undefined;
      }
    },
    async [Symbol.asyncDispose]() {
      client.close();
      child.kill("SIGKILL");
      await ended;
      rmSync(folder, { recursive: true, force: true });
    },
  };
  if (options.unready !== true) await serving(pod);
  return pod;
}

/** It listens. */
export function connected(pod: TestPod): Promise<void> {
  return new Promise((resolve, reject) =>
    pod.client.waitForReady(Date.now() + 15_000, (error) => (error ? reject(error) : resolve())),
  );
}

async function serving(pod: TestPod): Promise<void> {
  await connected(pod);
  await new Promise<void>((resolve, reject) => {
    const watch = pod.client.makeServerStreamRequest(
      "/grpc.health.v1.Health/Watch",
      (request: HealthCheckRequest) => Buffer.from(HealthCheckRequest.encode(request).finish()),
      (bytes: Buffer) => HealthCheckResponse.decode(bytes),
      { service: "" },
    );
    watch.on("data", (response: HealthCheckResponse) => {
      if (response.status === 1) {
        watch.cancel();
        resolve();
      }
    });
    watch.on("error", (error) => reject(new Error(`${error.message}; the pod said: ${pod.output()}`)));
  });
}

/** A failed call: its status and reason. */
export class CallError extends Error {
  readonly status: RpcStatus;
  readonly reason: string | undefined;
  constructor(status: RpcStatus) {
    super(status.message);
    this.status = status;
    this.reason = reasonOf(status);
  }
}

function unary(
  client: Client,
  request: Buffer,
  options: { timeoutMs?: number; signal?: AbortSignal } = {},
): Promise<Plain> {
  return new Promise((resolve, reject) => {
    const deadline = options.timeoutMs === undefined ? {} : { deadline: Date.now() + options.timeoutMs };
    const call = client.makeUnaryRequest(
      "/podule.v1.Calls/Call",
      identity,
      identity,
      request,
      deadline,
      (error: ServiceError | null, response?: Buffer) => {
        if (error !== null) reject(new CallError(statusOfError(error, "NONE")));
        else resolve(resultOf(response ?? Buffer.alloc(0)));
      },
    );
    options.signal?.addEventListener("abort", () => call.cancel());
  });
}

/** How a call failed; throws where it did not. */
export async function failureOf(call: Promise<unknown>): Promise<CallError> {
  try {
    await call;
  } catch (error) {
    if (error instanceof CallError) return error;
    throw error;
  }
  throw new Error("The call succeeded");
}

export function sessionCall(session: SessionClient, request: Buffer, timeoutMs?: number): Promise<Plain> {
  return new Promise((resolve, reject) => {
    session.call(request, timeoutMs === undefined ? {} : { timeoutMs }, (error, response) => {
      if (error !== undefined) reject(new CallError(error));
      else resolve(resultOf(response ?? Buffer.alloc(0)));
    });
  });
}

/** Waits for what other processes do. */
export async function eventually<T>(look: () => T | undefined, what: string, withinMs = 15_000): Promise<T> {
  const end = Date.now() + withinMs;
  for (;;) {
    const found = look();
    if (found !== undefined) return found;
    if (Date.now() > end) throw new Error(`It did not come: ${what}`);
    await sleep(20);
  }
}

export function isAlive(pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
  } catch {
    return false;
  }
}

/** Peak and current resident bytes of a process. */
export function residentBytes(pid: number): number {
  const kib = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
  return Number(kib) * 1024;
}

function descendants(pid: number): number[] {
  let children: string;
  try {
    children = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8");
  } catch {
    return [];
  }
  const pids = children.split(" ").filter(Boolean).map(Number);
  return pids.concat(pids.flatMap(descendants));
}
