import { statusError } from "@podule/grpc";
import { Status } from "nice-grpc-common";
import type { RequestTable } from "../requests/request-table.ts";
import type { SessionTable } from "../sessions/session-table.ts";
import type { CallPool } from "../workers/call-pool.ts";

/** What the handlers of Calls work with. */
export interface Pod {
  readonly moduleId: string;
  readonly pool: CallPool;
  readonly maxInFlight: number;
  /** What may wait for a session's reader, bytes; a session beyond that is ended. */
  readonly maxUnreadBytes: number;
  /** Streams of independent calls. */
  readonly streams: Set<{ drain(graceMs: number): void }>;
  readonly sessions: SessionTable;
  readonly requests: RequestTable;
}

/** A pod answers for its own module only. */
export function requireModule(pod: Pod, module: string): void {
  if (module === "" || module === pod.moduleId) return;
  throw statusError(
    Status.NOT_FOUND,
    "MODULE_NOT_FOUND",
    `This pod runs the module "${pod.moduleId}", not "${module}"`,
    { metadata: { module } },
  );
}

/** performance.now() at the deadline of a gRPC call. */
export function dueOf(deadline: Date | number): number {
  const at = Number(deadline);
  return at === Number.POSITIVE_INFINITY ? at : performance.now() + (at - Date.now());
}
