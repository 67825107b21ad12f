import { existsSync, readFileSync, watch } from "node:fs";
import { join } from "node:path";
import { type RpcStatus, rpcStatus } from "@podule/grpc";
import { Status as RpcStatusMessage } from "@podule/proto/google/rpc/status.ts";
import { Status } from "nice-grpc-common";

/**
 * Where another container of the pod installs the environment: resolves when the interpreter is there, with a status where it will not be.
 * `folder` gets a file `ready` or `failed` (the cause, a google.rpc.Status in JSON).
 */
export function awaitEnvironment(python: string, folder: string): Promise<RpcStatus | undefined> {
  return new Promise((resolve) => {
    const look = (): void => {
      const result = stateOf(python, folder);
      if (result === "waits") return;
      watcher?.close();
      resolve(result === "ready" ? undefined : result);
    };
    const watcher = openWatch(folder, look);
    look();
  });
}

function stateOf(python: string, folder: string): "ready" | "waits" | RpcStatus {
  if (existsSync(python)) return "ready";
  if (existsSync(join(folder, "failed"))) return causeOf(join(folder, "failed")) ?? "waits";
  if (!existsSync(join(folder, "ready"))) return "waits";
  if (existsSync(python)) return "ready";
  return notThere(`The environment was installed, but ${python} is not there`);
}

/** undefined: it is not whole yet. */
function causeOf(file: string): RpcStatus | undefined {
  const text = readFileSync(file, "utf8");
  if (text === "") return undefined;
  try {
    return RpcStatusMessage.fromJSON(JSON.parse(text));
  } catch {
    return notThere(`The environment could not be installed: ${text.slice(0, 1000)}`);
  }
}

function openWatch(folder: string, look: () => void) {
  try {
    const watcher = watch(folder, look);
    watcher.on("error", look);
    return watcher;
  } catch {
    return undefined;
  }
}

function notThere(message: string): RpcStatus {
  return rpcStatus(Status.FAILED_PRECONDITION, "ENVIRONMENT_NOT_THERE", message);
}
