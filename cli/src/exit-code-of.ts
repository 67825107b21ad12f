import { type Code, PoduleError } from "./client/podule.ts";
import { EXIT, type ExitCode } from "./exit-codes.ts";
import { UsageError } from "./user-error.ts";

const OF_CODE: Partial<Record<Code, ExitCode>> = {
  INVALID_ARGUMENT: EXIT.USAGE,
  OUT_OF_RANGE: EXIT.USAGE,
  NOT_FOUND: EXIT.NOT_FOUND,
  UNAVAILABLE: EXIT.UNAVAILABLE,
  UNAUTHENTICATED: EXIT.REFUSED,
  PERMISSION_DENIED: EXIT.REFUSED,
  ALREADY_EXISTS: EXIT.CONFLICT,
  FAILED_PRECONDITION: EXIT.CONFLICT,
  ABORTED: EXIT.CONFLICT,
  DEADLINE_EXCEEDED: EXIT.LATE,
  RESOURCE_EXHAUSTED: EXIT.LIMIT,
  CANCELLED: EXIT.INTERRUPTED,
};

export function exitCodeOf(error: unknown): ExitCode {
  if (error instanceof UsageError) return EXIT.USAGE;
  if (!(error instanceof PoduleError)) return EXIT.FAILED;
  if (error.reason === "PYTHON_EXCEPTION") return EXIT.PYTHON;
  return OF_CODE[error.code] ?? EXIT.FAILED;
}
