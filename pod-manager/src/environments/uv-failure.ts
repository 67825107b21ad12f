import { type StatusError, statusError } from "@podule/grpc";
import { Status } from "nice-grpc";
import type { UvResult } from "./uv.ts";

const MAX_WORDS = 4000;

interface Kind {
  readonly pattern: RegExp;
  readonly code: Status;
  readonly reason: string;
}

/** In this order: a build that fails because the disk is full is a full disk. */
const KINDS: readonly Kind[] = [
  {
    pattern: /No space left on device|Disk quota exceeded|\(os error (28|122)\)|StorageFull/,
    code: Status.RESOURCE_EXHAUSTED,
    reason: "ENVIRONMENT_DISK_FULL",
  },
  {
    pattern: /No interpreter found|No Python|not a valid Python|Python interpreter/,
    code: Status.FAILED_PRECONDITION,
    reason: "PYTHON_NOT_FOUND",
  },
  {
    pattern:
      /Failed to fetch|Failed to download|error sending request|tcp connect error|dns error|operation timed out|Request failed after|connection (closed|reset)|Git operation failed/i,
    code: Status.UNAVAILABLE,
    reason: "DEPENDENCY_DOWNLOAD_FAILED",
  },
  {
    pattern: /Hash mismatch/,
    code: Status.FAILED_PRECONDITION,
    reason: "DEPENDENCY_HASH_MISMATCH",
  },
  {
    pattern: /Failed to build|build backend|Build backend|Failed to (prepare|generate package metadata)/,
    code: Status.FAILED_PRECONDITION,
    reason: "BUILD_FAILED",
  },
  {
    pattern: /Couldn't parse|Unexpected '|Distribution not found at|Invalid requirement|has invalid metadata/,
    code: Status.INVALID_ARGUMENT,
    reason: "DEPENDENCY_INVALID",
  },
  {
    pattern: /was not found in the (package registry|provided package locations|cache)/,
    code: Status.FAILED_PRECONDITION,
    reason: "DEPENDENCY_NOT_FOUND",
  },
  {
    pattern:
      /Because there (is|are) no versions? of (\S+) and you require \2, we can conclude that your requirements are unsatisfiable/,
    code: Status.FAILED_PRECONDITION,
    reason: "DEPENDENCY_NOT_FOUND",
  },
  {
    pattern: /No solution found|conflicting|unsatisfiable/,
    code: Status.FAILED_PRECONDITION,
    reason: "DEPENDENCY_CONFLICT",
  },
];

/** What a failed uv is for the caller: a typed status with uv's own words. */
export function uvFailure(result: UvResult, metadata: Readonly<Record<string, string>> = {}): StatusError {
  const words = uvWords(result.stderr);
  if (result.code === 127 && /not found|No such file/.test(result.stderr))
    return statusError(Status.UNAVAILABLE, "UV_NOT_FOUND", `uv cannot be started: ${words}`, { metadata });
  const kind = KINDS.find(({ pattern }) => pattern.test(words.replaceAll(/\s+/g, " ")));
  if (kind !== undefined) return statusError(kind.code, kind.reason, words, { metadata });
  const how = result.code === null || result.code > 128 ? "was killed" : `failed (exit ${result.code})`;
  return statusError(Status.INTERNAL, "UV_FAILED", `uv ${how}${words === "" ? "" : `: ${words}`}`, {
    metadata,
  });
}

/** uv's error without colours, the warnings before it, its prefix; at most 4,000 characters: both ends of longer ones. */
export function uvWords(stderr: string): string {
  const plain = stderr.replaceAll(ANSI, "").replaceAll("\r\n", "\n");
  const at = plain.search(/^(error| {2}× )/m);
  const words = (at < 0 ? plain : plain.slice(at)).replace(/^error: /, "").trim();
  if (words.length <= MAX_WORDS) return words;
  return `${words.slice(0, MAX_WORDS / 2)}\n[...]\n${words.slice(-MAX_WORDS / 2)}`;
}

const ESCAPE = String.fromCharCode(27);
const ANSI = new RegExp(`${ESCAPE}(\\[[0-9;?]*[A-Za-z]|\\][^\\u0007${ESCAPE}]*(\\u0007|${ESCAPE}\\\\))`, "g");
