import type { Call } from "../calls/call.ts";
import type { Worker } from "./worker.ts";
import type { Exit } from "./zygote.ts";

/** One worker from the wish for it until all is known of its end. */
export interface Place {
  readonly number: number;
  /** Of the session that it is for alone. */
  readonly session: PromiseWithResolvers<Worker> | undefined;
  /** Another one has been forked to take its place. */
  replaced: boolean;
  /** Bytes that it had for itself to begin with. */
  memory: number | undefined;
  pid: number | undefined;
  worker: Worker | undefined;
  linkClosed: boolean;
  exit: Exit | undefined;
  /** What the worker may have run when it died. */
  lost: Call[];
  timer: NodeJS.Timeout | undefined;
}
