import type { Metadata } from "@grpc/grpc-js";
import type { Any } from "@podule/proto/google/protobuf/any.ts";
import { BadRequest, DebugInfo, ErrorInfo, RetryInfo } from "@podule/proto/google/rpc/error_details.ts";
import { Status } from "@podule/proto/google/rpc/status.ts";
import { CODES, codeOf, type ErrorFacts, makeError, PoduleError } from "./errors.ts";

const DOMAIN = "podule.dev";

/** An error of the bytes of a google.rpc.Status. */
export function errorOfStatus(bytes: Uint8Array): PoduleError {
  const status = Status.decode(bytes);
  return makeError({ code: codeOf(status.code), message: status.message, ...factsOf(status.details) });
}

function factsOf(details: readonly Any[]): Omit<ErrorFacts, "code" | "message"> {
  const facts: { -readonly [K in keyof ErrorFacts]?: ErrorFacts[K] } = {};
  for (const { typeUrl, value } of details) {
    switch (typeUrl.slice(typeUrl.lastIndexOf("/") + 1)) {
      case "google.rpc.ErrorInfo": {
        const info = ErrorInfo.decode(value);
        facts.reason = info.reason;
        facts.metadata = Object.fromEntries(info.metadata);
        break;
      }
      case "google.rpc.DebugInfo": {
        const debug = DebugInfo.decode(value);
        facts.remoteTraceback = debug.detail || debug.stackEntries.join("\n");
        break;
      }
      case "google.rpc.RetryInfo": {
        const delay = RetryInfo.decode(value).retryDelay;
        if (delay !== undefined) facts.retryAfterMs = Number(delay.seconds) * 1000 + delay.nanos / 1e6;
        break;
      }
      case "google.rpc.BadRequest":
        facts.violations = BadRequest.decode(value).fieldViolations.map(({ field, description }) => ({
          field,
          description,
        }));
        break;
    }
  }
  return facts;
}

/** An error of what grpc-js reports at the end of a call. */
export function errorOfGrpc(error: {
  code?: number;
  details?: string;
  message?: string;
  metadata?: Metadata;
}): PoduleError {
  const [bytes] = error.metadata?.get("grpc-status-details-bin") ?? [];
  if (bytes instanceof Uint8Array) {
    try {
      return errorOfStatus(bytes);
    } catch {
      // Not a status: the code and the words are what is left.
    }
  }
  return makeError({
    code: codeOf(error.code ?? 2),
    message: error.details || error.message || "the stream broke",
  });
}

/** A google.rpc.Status for Python to raise, of what a callback threw. */
export function statusOfThrown(thrown: unknown): Uint8Array {
  const error = thrown instanceof Error ? thrown : new Error(String(thrown));
  const metadata = new Map([["python_type", pythonTypeOf(error)]]);
  const info = ErrorInfo.encode({ reason: "CALLBACK_RAISED", domain: DOMAIN, metadata }).finish();
  const debug = DebugInfo.encode({ stackEntries: [], detail: error.stack ?? "" }).finish();
  const code = error instanceof PoduleError ? CODES.indexOf(error.code) : CODES.indexOf("UNKNOWN");
  return Status.encode({
    code,
    message: error.message,
    details: [
      { typeUrl: "type.googleapis.com/google.rpc.ErrorInfo", value: Buffer.from(info) },
      { typeUrl: "type.googleapis.com/google.rpc.DebugInfo", value: Buffer.from(debug) },
    ],
  }).finish();
}

/** The Python exception that a JavaScript error is raised as. */
export function pythonTypeOf(error: Error): string {
  if (error instanceof PoduleError && error.pythonType !== undefined) return error.pythonType;
  if (error instanceof TypeError) return "TypeError";
  if (error instanceof RangeError) return "ValueError";
  return "RuntimeError";
}
