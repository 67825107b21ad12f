import { type RpcStatus, reasonOf } from "@podule/grpc";
import { Status } from "nice-grpc";

const FIRST_MS = 1000;
const LONGEST_MS = 60_000;
/** A pod that was ready for so long has shown that it works. */
const STEADY_MS = 60_000;
/** A call that comes so long after a 'no' has it asked again. */
const ASK_AGAIN_MS = 30_000;

const ANSWERS: ReadonlySet<Status> = new Set([
  Status.INVALID_ARGUMENT,
  Status.NOT_FOUND,
  Status.FAILED_PRECONDITION,
  Status.OUT_OF_RANGE,
  Status.UNIMPLEMENTED,
  Status.PERMISSION_DENIED,
  Status.UNAUTHENTICATED,
]);

/** What Python itself says of an import, as the module server reports it. */
const IMPORT_ANSWERS: ReadonlySet<string> = new Set([
  "IMPORT_FAILED",
  "MODULE_NOT_FOUND",
  "DEPENDENCY_NOT_FOUND",
]);

/** Whether preparing the same spec again would fail in the same way: the resolver's 'no', a wheel that does not build. */
export function isAnswer(status: RpcStatus): boolean {
  return ANSWERS.has(status.code);
}

/** Whether starting it again would: the import raises. A pod that was killed may start the next time. */
export function isImportAnswer(status: RpcStatus): boolean {
  return ANSWERS.has(status.code) && IMPORT_ANSWERS.has(reasonOf(status) ?? "");
}

/** How long until the next try after so many failures in a row (1 and up): 1 s, 2 s, 4 s... 60 s. */
export function retryDelayMs(failures: number): number {
  return Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.min(failures - 1, 30));
}

/** As `retryDelayMs`, for a pod that had been ready: the first one is replaced at once. */
export function restartDelayMs(failures: number): number {
  return failures <= 1 ? 0 : retryDelayMs(failures - 1);
}

/** The failures in a row, once a pod that was ready for so long has ended. */
export function failuresAfterEnd(before: number, readyForMs: number): number {
  return readyForMs >= STEADY_MS ? 1 : before + 1;
}

/** Whether a call that finds a 'no' of that age has it asked again. */
export function asksAgain(ageMs: number): boolean {
  return ageMs >= ASK_AGAIN_MS;
}
