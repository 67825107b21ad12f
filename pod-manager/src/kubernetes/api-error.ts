import { type StatusError, statusError } from "@podule/grpc";
import { Status } from "nice-grpc";
import { isRecord } from "../environments/json.ts";

/** The API server said no. */
export class KubernetesApiError extends Error {
  /** The HTTP status. */
  readonly code: number;
  /** Kubernetes' own word: "AlreadyExists", "Conflict", "Expired"; may be empty. */
  readonly reason: string;
  readonly retryAfterMs: number | undefined;

  constructor(code: number, reason: string, message: string, retryAfterMs?: number) {
    super(message);
    this.name = "KubernetesApiError";
    this.code = code;
    this.reason = reason;
    this.retryAfterMs = retryAfterMs;
  }
}

/** An error answer's body: `Status` of the API machinery where it is one, else its text. */
export function apiErrorOf(
  code: number,
  json: unknown,
  text: string,
  retryAfterMs?: number,
): KubernetesApiError {
  const status = isRecord(json) ? json : {};
  const { reason, message } = status;
  const words = typeof message === "string" && message !== "" ? message : text.trim().slice(0, 500);
  return new KubernetesApiError(
    code,
    typeof reason === "string" ? reason : "",
    words === "" ? `HTTP status ${code}` : words,
    retryAfterMs,
  );
}

const hasCode = (error: unknown, code: number): boolean =>
  error instanceof KubernetesApiError && error.code === code;

export const isNotFound = (error: unknown): boolean => hasCode(error, 404);
export const isUnauthorized = (error: unknown): boolean => hasCode(error, 401);
/** 410: the resource version (or the continuation) is too old: list anew. */
export const isGone = (error: unknown): boolean => hasCode(error, 410);
export const isConflict = (error: unknown): boolean =>
  hasCode(error, 409) && error instanceof KubernetesApiError && error.reason !== "AlreadyExists";
export const isAlreadyExists = (error: unknown): boolean =>
  error instanceof KubernetesApiError && error.code === 409 && error.reason === "AlreadyExists";
/** 422: validation failed, or a `test` of a JSON patch. */
export const isInvalid = (error: unknown): boolean => hasCode(error, 422);

const CODES: Readonly<Record<number, Status>> = {
  400: Status.INVALID_ARGUMENT,
  401: Status.UNAVAILABLE,
  403: Status.PERMISSION_DENIED,
  404: Status.NOT_FOUND,
  409: Status.ABORTED,
  410: Status.ABORTED,
  413: Status.RESOURCE_EXHAUSTED,
  422: Status.INVALID_ARGUMENT,
  429: Status.RESOURCE_EXHAUSTED,
};

/** For callers: what the Kubernetes API said, typed. `doing`: "The module could not be kept". */
export function kubernetesFailure(doing: string, error: unknown): StatusError {
  if (error instanceof KubernetesApiError) {
    const quota = error.code === 403 && /exceeded quota/.test(error.message);
    const code = quota ? Status.RESOURCE_EXHAUSTED : (CODES[error.code] ?? Status.UNAVAILABLE);
    const waits = code === Status.UNAVAILABLE || code === Status.RESOURCE_EXHAUSTED;
    return statusError(
      code,
      quota ? "QUOTA_EXCEEDED" : "KUBERNETES_REFUSED",
      `${doing}: ${error.message}`,
      waits ? { retryAfterMs: error.retryAfterMs ?? 1000 } : {},
    );
  }
  const words = error instanceof Error ? error.message : String(error);
  return statusError(Status.UNAVAILABLE, "KUBERNETES_UNAVAILABLE", `${doing}: ${words}`, {
    retryAfterMs: 1000,
  });
}
