import { constants } from "node:os";
import { type RpcStatus, rpcStatus } from "@podule/grpc";
import { Status } from "nice-grpc-common";

export interface Death {
  /** The end that the zygote has seen; undefined: nobody saw it. */
  readonly exit: { readonly code: number | null; readonly signal: number | null } | undefined;
  /** Why the module server killed it, for people. */
  readonly killedBecause: string | undefined;
  /** Whether the kernel's out-of-memory killer has struck meanwhile. */
  readonly outOfMemory: boolean | undefined;
}

/** What the callers of a dead worker's calls are told. */
export function describeDeath(death: Death, module: string): RpcStatus {
  const metadata = { module };
  const { exit, killedBecause, outOfMemory } = death;
  if (killedBecause !== undefined)
    return aborted("WORKER_KILLED", `The Python process was killed: ${killedBecause}`, metadata);
  if (exit === undefined)
    return aborted("WORKER_CRASHED", "The Python process is gone, and nothing is known of its end", metadata);
  if (exit.signal === null) {
    const code = exit.code ?? 0;
    return aborted("WORKER_EXITED", `The Python process ended itself with the exit code ${code}`, {
      ...metadata,
      exit_code: String(code),
    });
  }
  const signal = signalName(exit.signal);
  if (signal === "SIGKILL" && outOfMemory === true)
    return aborted("OUT_OF_MEMORY", "The Python process was killed because memory ran out", {
      ...metadata,
      signal,
    });
  if (signal === "SIGKILL" && outOfMemory === undefined)
    return aborted(
      "PROBABLY_OUT_OF_MEMORY",
      "The Python process was killed by SIGKILL, probably because memory ran out",
      { ...metadata, signal },
    );
  return aborted("WORKER_CRASHED", `The Python process was ended by ${signal}`, { ...metadata, signal });
}

export function signalName(signal: number): string {
  const found = Object.entries(constants.signals).find(([, number]) => number === signal);
  return found === undefined ? `signal ${signal}` : found[0];
}

function aborted(reason: string, message: string, metadata: Record<string, string>): RpcStatus {
  return rpcStatus(Status.ABORTED, reason, message, { metadata });
}
