import { PoduleError } from "../errors.ts";
import type { CallSink } from "../session/call-sink.ts";
import type { CallSpec, Operation } from "../session/request.ts";
import type { Session } from "../session/session.ts";
import { ValueError } from "../values/encode.ts";
import { Again, type Findings } from "./again.ts";
import { Kwargs } from "./kwargs.ts";
import type { CallOptions } from "./types.ts";

export interface CallParts {
  readonly operation: Operation;
  readonly path: string;
  readonly args: readonly unknown[];
  readonly options?: CallOptions | undefined;
}

/** Where a call goes. */
export interface Place {
  readonly session: Session;
  /** The object that the path begins at; 0: the module. */
  readonly target: number;
}

/** What can be the base of a call. */
export interface Placed {
  /** Throws Again where it is not known yet. */
  place(): Place;
  describe(): string;
}

let findings: Findings | undefined;

/** What was found out for the call that is being written. */
export function currentFindings(): Findings | undefined {
  return findings;
}

/** A call that is about to be sent. */
export interface Starting extends CallSink {
  readonly options: CallOptions | undefined;
  /** Items of its stream that may come; 0: it is a plain call. */
  readonly credit: number;
  sent(session: Session, id: number): void;
  /** It is sent later: when this has been settled. */
  defer(until: Promise<void>): void;
}

export function startCall(base: Placed, parts: CallParts, call: Starting, known?: Findings): void {
  const first = tryCall(base, parts, call, known);
  if (first === undefined) return;
  call.defer(
    first.wait.then(
      () => startCall(base, parts, call, first.known),
      (error: unknown) => call.fail(asError(error)),
    ),
  );
}

/** Sends it; what has to be waited for, where something has. */
function tryCall(
  base: Placed,
  parts: CallParts,
  call: Starting,
  known: Findings | undefined,
): { wait: Promise<unknown>; known: Findings } | undefined {
  let found = known;
  for (;;) {
    if (call.dropped) return undefined;
    findings = found;
    try {
      const { session, target } = base.place();
      call.sent(session, session.call(specOf(parts, target, call, session), call));
      return undefined;
    } catch (error) {
      if (!(error instanceof Again)) {
        call.fail(asError(error));
        return undefined;
      }
      found ??= new Map();
      findings = found;
      let wait: Promise<unknown> | undefined;
      try {
        wait = error.first(found);
      } catch (failure) {
        call.fail(asError(failure));
        return undefined;
      }
      if (wait !== undefined) return { wait, known: found };
    } finally {
      findings = undefined;
    }
  }
}

/** The parts of a call that goes to `target`. */
export function specOf(
  parts: CallParts,
  target: number,
  call: { readonly options: CallOptions | undefined; readonly credit: number },
  session: Session,
): CallSpec {
  const { args, operation, path } = parts;
  const last = args.at(-1);
  const { options } = call;
  return {
    operation,
    path,
    target,
    args: last instanceof Kwargs ? args.slice(0, -1) : args,
    kwargs: last instanceof Kwargs ? last.entries : undefined,
    timeoutMs: timeoutOf(options),
    traceparent: options?.traceparent ?? session.traceparent(),
    credit: call.credit,
  };
}

const MAX_TIMEOUT_MS = 2 ** 31 - 1;

function timeoutOf(options: CallOptions | undefined): number {
  const timeout = options?.timeout;
  if (timeout === undefined) return 0;
  if (!(timeout > 0)) {
    throw new PoduleError({
      code: "DEADLINE_EXCEEDED",
      reason: "DEADLINE_EXCEEDED",
      message: "there is no time for this call",
    });
  }
  return Math.min(MAX_TIMEOUT_MS, Math.ceil(timeout));
}

/** The one way from what went wrong here to what is thrown. */
export function asError(error: unknown): PoduleError {
  if (error instanceof PoduleError) return error;
  const message = error instanceof Error ? error.message : String(error);
  const reason = error instanceof ValueError ? error.reason : "CLIENT_FAILED";
  const code = error instanceof ValueError ? "INVALID_ARGUMENT" : "INTERNAL";
  return new PoduleError({ code, reason, message, cause: error });
}
