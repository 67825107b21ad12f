import { accessSync, constants, writeFileSync } from "node:fs";
import type { RpcStatus } from "@podule/grpc";
import { Status as RpcStatusMessage } from "@podule/proto/google/rpc/status.ts";

const KUBERNETES_PATH = "/dev/termination-log";
/** Kubernetes cuts it there, and half a JSON is none. */
const MOST_BYTES = 4096;

/** Leaves the cause of a failed start where the backend finds it. */
export function writeTerminationMessage(status: RpcStatus, path: string | undefined): void {
  const file = path ?? (isWritable(KUBERNETES_PATH) ? KUBERNETES_PATH : undefined);
  if (file === undefined) return;
  try {
    writeFileSync(file, terminationMessage(status));
  } catch (error) {
    process.stderr.write(`podule: the termination message cannot be written: ${String(error)}\n`);
  }
}

/** A google.rpc.Status as JSON: its last details are left out, then its message cut, until it fits. */
export function terminationMessage(status: RpcStatus): string {
  let fitted = status;
  for (;;) {
    const json = JSON.stringify(RpcStatusMessage.toJSON(fitted));
    const excess = Buffer.byteLength(json) - MOST_BYTES;
    if (excess <= 0) return json;
    if (fitted.details.length > 0) fitted = { ...fitted, details: fitted.details.slice(0, -1) };
    else fitted = { ...fitted, message: fitted.message.slice(0, Math.floor(fitted.message.length * 0.8)) };
  }
}

function isWritable(path: string): boolean {
  try {
    accessSync(path, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}
