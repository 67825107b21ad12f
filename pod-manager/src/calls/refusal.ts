import { type RpcStatus, rpcStatus } from "@podule/grpc";
import { type Module, Module_State } from "@podule/proto/podule/v1/modules.ts";
import { Status } from "nice-grpc-common";

const RETRY_MS = 1000;

/** Why calls to the module may not wait for a pod; undefined: they may. */
export function refusalOf(id: string, module: Module): RpcStatus | undefined {
  switch (module.status?.state) {
    case Module_State.DRAINING:
      return rpcStatus(Status.UNAVAILABLE, "MODULE_DRAINING", `The module ${id} is being deleted`, {
        metadata: { module: id },
      });
    case Module_State.FAILED:
      // A spec that is newer than the failure is still to be tried.
      if (module.status.observedGeneration < module.generation) return undefined;
      return (
        module.status.error ??
        rpcStatus(Status.FAILED_PRECONDITION, "MODULE_FAILED", `The module ${id} could not be started`, {
          metadata: { module: id },
        })
      );
    default:
      return undefined;
  }
}

export function moduleDeleted(id: string): RpcStatus {
  return rpcStatus(Status.NOT_FOUND, "MODULE_NOT_FOUND", `The module ${id} was deleted`, {
    metadata: { module: id },
  });
}

export function queueFull(id: string, bound: string, waiting: number): RpcStatus {
  return rpcStatus(
    Status.RESOURCE_EXHAUSTED,
    "QUEUE_FULL",
    `No pod of ${id} is ready for one more call, and ${waiting} calls wait already: the limit of waiting ${bound} is reached`,
    { metadata: { module: id }, retryAfterMs: RETRY_MS },
  );
}

export function sessionGone(pod: string): RpcStatus {
  return rpcStatus(Status.NOT_FOUND, "SESSION_LOST", "The session is gone with its pod and its objects", {
    metadata: { pod, cause: "The pod is gone" },
  });
}

/** The session may still live there: another pod cannot take its calls. */
export function podNotReady(pod: string): RpcStatus {
  return rpcStatus(Status.UNAVAILABLE, "POD_NOT_READY", "The session's pod takes no calls now", {
    metadata: { pod },
    retryAfterMs: RETRY_MS,
  });
}

/** The connection to it broke, or was never made. */
export function podUnreachable(pod: string, words: string): RpcStatus {
  return rpcStatus(
    Status.UNAVAILABLE,
    "POD_UNREACHABLE",
    `The connection to the session's pod broke: ${words}`,
    {
      metadata: { pod },
      retryAfterMs: RETRY_MS,
    },
  );
}

export function shuttingDown(): RpcStatus {
  return rpcStatus(Status.UNAVAILABLE, "SHUTTING_DOWN", "The pod manager is ending", {
    retryAfterMs: RETRY_MS,
  });
}
