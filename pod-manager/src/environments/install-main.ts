import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { type RpcStatus, statusError, toStatus } from "@podule/grpc";
import { Status as RpcStatusMessage } from "@podule/proto/google/rpc/status.ts";
import { Status } from "nice-grpc-common";
import { compileBytecode } from "./bytecode.ts";
import { failOnDisk, installEnvironment, installedEnvironment, sweepUnfinished } from "./install.ts";
import { type Lock, parseLock } from "./lock.ts";

/** Kubernetes cuts a termination message there. */
const MOST_BYTES = 4096;

/**
 * The container that installs the environment of its pod, or finds it installed: PODULE_LOCK_0… is the lock, PODULE_CACHE_DIR where all of the
 * node are, PODULE_ENVIRONMENT_STATUS the folder for `ready` or `failed`, which the container that serves waits for.
 */
const {
  PODULE_CACHE_DIR: cache = "",
  PODULE_ENVIRONMENT_STATUS: status = "",
  PODULE_UV: uv = "uv",
} = process.env;
const ending = new AbortController();
process.on("SIGTERM", () => ending.abort(new Error("The pod is to end")));
process.exitCode = await run().then(
  () => 0,
  async (error: unknown) => {
    await report("failed", fitted(toStatus(error)));
    process.stderr.write(`podule: ${toStatus(error).message}\n`);
    return 1;
  },
);

async function run(): Promise<void> {
  const lock = readLockVariables(process.env);
  if (lock === undefined)
    throw statusError(Status.INVALID_ARGUMENT, "INVALID_SETTING", "PODULE_LOCK_0 is not a lock");
  const folder = join(cache, "environments");
  const there = await installedEnvironment(folder, lock);
  if (there !== undefined) {
    await report("ready", "");
    return;
  }
  const options = { uv, cacheFolder: join(cache, "uv") };
  await sweepUnfinished(folder);
  const { python } = await installEnvironment(options, folder, lock, ending.signal);
  await report("ready", "");
  // Only for later starts: the pod does not wait for it.
  await compileBytecode(options, python, ending.signal);
}

async function report(file: "ready" | "failed", text: string): Promise<void> {
  await writeFile(join(status, file), text).catch(failOnDisk);
}

function readLockVariables(env: Readonly<Record<string, string | undefined>>): Lock | undefined {
  let text = "";
  for (let part = 0; ; part++) {
    const value = env[`PODULE_LOCK_${part}`];
    if (value === undefined) break;
    text += value;
  }
  try {
    return parseLock(gunzipSync(Buffer.from(text, "base64")).toString("utf8"));
  } catch {
    return undefined;
  }
}

function fitted(status: RpcStatus): string {
  for (let length = status.message.length; ; length = Math.floor(length * 0.8)) {
    const text = JSON.stringify(
      RpcStatusMessage.toJSON({ ...status, message: status.message.slice(0, length) }),
    );
    if (Buffer.byteLength(text) <= MOST_BYTES || length === 0) return text;
  }
}
