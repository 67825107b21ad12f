/** gRPC's status codes by number. */
export const CODES = [
  "OK",
  "CANCELLED",
  "UNKNOWN",
  "INVALID_ARGUMENT",
  "DEADLINE_EXCEEDED",
  "NOT_FOUND",
  "ALREADY_EXISTS",
  "PERMISSION_DENIED",
  "RESOURCE_EXHAUSTED",
  "FAILED_PRECONDITION",
  "ABORTED",
  "OUT_OF_RANGE",
  "UNIMPLEMENTED",
  "INTERNAL",
  "UNAVAILABLE",
  "DATA_LOSS",
  "UNAUTHENTICATED",
] as const;

export type Code = (typeof CODES)[number];

export interface ErrorFacts {
  readonly code: Code;
  /** Why, for programs: of the published list ("RESULT_NOT_A_VALUE"). */
  readonly reason?: string;
  readonly message: string;
  /** Short facts: module, pod, python_type, origin. */
  readonly metadata?: Readonly<Record<string, string>>;
  readonly remoteTraceback?: string;
  readonly retryAfterMs?: number;
  readonly violations?: readonly { readonly field: string; readonly description: string }[];
  readonly cause?: unknown;
}

/** Everything that this client throws or rejects with. */
export class PoduleError extends Error {
  /** gRPC's word for it. */
  readonly code: Code;
  /** Why, for programs ("RESULT_NOT_A_VALUE"); empty where nobody said. */
  readonly reason: string;
  /** Short facts: module, pod, python_type, origin. */
  readonly metadata: Readonly<Record<string, string>>;
  /** Python's traceback. */
  readonly remoteTraceback: string | undefined;
  /** Trying again after that long may help. */
  readonly retryAfterMs: number | undefined;
  /** What is wrong with which field of the request. */
  readonly violations: readonly { readonly field: string; readonly description: string }[];

  constructor(facts: ErrorFacts) {
    super(facts.message, facts.cause === undefined ? undefined : { cause: facts.cause });
    this.code = facts.code;
    this.reason = facts.reason ?? "";
    this.metadata = facts.metadata ?? {};
    this.remoteTraceback = facts.remoteTraceback;
    this.retryAfterMs = facts.retryAfterMs;
    this.violations = facts.violations ?? [];
  }

  override get name(): string {
    return "PoduleError";
  }

  /** The class of the exception that Python raised ("ValueError"). */
  get pythonType(): string | undefined {
    return this.metadata["python_type"];
  }

  /** The id of the call in which it happened, where this one only depended on it. */
  get origin(): number | undefined {
    const origin = this.metadata["origin"];
    return origin === undefined ? undefined : Number(origin);
  }
}

/** An exception that Python raised. */
export class PythonError extends PoduleError {
  override get name(): string {
    return "PythonError";
  }
}

/** The session is gone, and with it every object of it. Calls that were running may or may not have run. */
export class SessionLostError extends PoduleError {
  override get name(): string {
    return "SessionLostError";
  }
}

/** What becomes of everything in a session that ended with this error. */
export function sessionLost(error: PoduleError): SessionLostError {
  return new SessionLostError({
    code: error.code === "NOT_FOUND" ? "ABORTED" : error.code,
    reason: "SESSION_LOST",
    message: `the session is lost, and its objects with it: ${error.message}`,
    metadata: error.metadata,
    cause: error,
  });
}

/** A module of this name exists, with another spec: the message says how they differ. */
export class ModuleConflictError extends PoduleError {
  override get name(): string {
    return "ModuleConflictError";
  }
}

/** The one way from what the server says to what is thrown. */
export function makeError(facts: ErrorFacts): PoduleError {
  if (facts.reason === "SESSION_LOST") return new SessionLostError(facts);
  if (facts.metadata?.["python_type"] !== undefined) return new PythonError(facts);
  return new PoduleError(facts);
}

/** The same error for one more receiver: each call rejects with an error of its own. */
export function copyError(error: PoduleError): PoduleError {
  const { code, reason, message, metadata, remoteTraceback, retryAfterMs, violations, cause } = error;
  return makeError({
    code,
    reason,
    message,
    metadata,
    violations,
    ...(remoteTraceback === undefined ? {} : { remoteTraceback }),
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    ...(cause === undefined ? {} : { cause }),
  });
}

export function codeOf(number: number): Code {
  return CODES[number] ?? "UNKNOWN";
}
