import { DebugInfo } from "@podule/proto/google/rpc/error_details.ts";
import { Status as StatusMessage } from "@podule/proto/google/rpc/status.ts";
import fc from "fast-check";
import { expect, test } from "vitest";
import { fitStatus } from "./fit-status.ts";
import { reasonOf, rpcStatus, Status, StatusError, toServiceError } from "./index.ts";

/** What grpc's C core takes without refusing the call: 8 KiB, each header with its name and 32 bytes more. */
const HEADERS_BYTES = 8 * 1024;

function headerBytes(error: ReturnType<typeof toServiceError>): number {
  const headers = { "grpc-message": encodeURI(error.details), ...error.metadata.toHttp2Headers() };
  return Object.entries(headers).reduce(
    (sum, [key, value]) => sum + key.length + String(value).length + 32,
    0,
  );
}

test("an error of any size fits a trailer and keeps its code and reason", () => {
  const anyText = fc.string({ unit: "binary", maxLength: 20_000 });
  fc.assert(
    fc.property(anyText, anyText, fc.option(anyText), (message, debug, more) => {
      const details = { debug, ...(more === null ? {} : { metadata: { more: more.slice(0, 500) } }) };
      const error = toServiceError(
        new StatusError(rpcStatus(Status.ABORTED, "SOME_REASON", message, details)),
      );
      expect(headerBytes(error)).toBeLessThan(HEADERS_BYTES);
      expect(error.code).toBe(Status.ABORTED);
      const [packed] = error.metadata.get("grpc-status-details-bin");
      const status = StatusMessage.decode(Buffer.from(packed ?? ""));
      expect(reasonOf(status)).toBe("SOME_REASON");
      expect(status.message).toBe(error.details);
    }),
    { numRuns: 50 },
  );
});

test("lone surrogates do not break the message", () => {
  expect(toServiceError(new Error("a\ud800b")).details).toBe("a\ufffdb");
});

test("a small status stays as it is", () => {
  const status = rpcStatus(Status.NOT_FOUND, "GONE", "gone", { debug: "Traceback", retryAfterMs: 5 });
  expect(fitStatus(status)).toEqual(status);
});

test("a long traceback keeps its beginning and its end", () => {
  const lines = Array.from({ length: 500 }, (_, i) => `  File "ünïcode.py", line ${i}`);
  const fitted = fitStatus(rpcStatus(Status.UNKNOWN, "PYTHON", "boom", { debug: lines.join("\n") }));
  const { detail } = DebugInfo.decode(fitted.details.at(-1)?.value ?? Buffer.alloc(0));
  expect(detail).toMatch(/^ {2}File "ünïcode.py", line 0\n/);
  expect(detail).toMatch(/\n\[\.\.\. cut \.\.\.\]\n/);
  expect(detail).toMatch(/line 499$/);
  expect(detail).not.toContain("\ufffd");
});

test("a detail that is too large is left out, the reason is not", () => {
  const description = "x".repeat(10_000);
  const fitted = fitStatus(
    rpcStatus(Status.INVALID_ARGUMENT, "BAD", "bad", { violations: [{ field: "a", description }] }),
  );
  expect(reasonOf(fitted)).toBe("BAD");
  expect(fitted.details).toHaveLength(1);
});
