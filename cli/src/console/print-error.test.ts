import { expect, test } from "vitest";
import { PoduleError } from "../client/podule.ts";
import { exitCodeOf } from "../exit-code-of.ts";
import { EXIT } from "../exit-codes.ts";
import { UsageError, UserError } from "../user-error.ts";
import { errorJson, errorText } from "./print-error.ts";

const raised = new PoduleError({
  code: "INVALID_ARGUMENT",
  reason: "PYTHON_EXCEPTION",
  message: "ValueError: no \u001b[31mred",
  metadata: { module: "m", pod: "m-1", python_type: "ValueError", origin: "1" },
  remoteTraceback: "Traceback (most recent call last):\n  ...\nValueError: no \u001b[31mred\n",
});

test("a traceback as Python shows it, said once, without escape sequences", () => {
  expect(errorText(raised)).toBe(
    [
      "Traceback (most recent call last):",
      "  ...",
      "ValueError: no \u{fffd}[31mred",
      "",
      "error: raised in Python",
      "  PYTHON_EXCEPTION (INVALID_ARGUMENT)",
      "  module: m",
      "  pod: m-1",
    ].join("\n"),
  );
});

test("for programs: a line of JSON with all of it", () => {
  const parsed: unknown = JSON.parse(errorJson(raised));
  expect(parsed).toEqual({
    error: {
      code: "INVALID_ARGUMENT",
      reason: "PYTHON_EXCEPTION",
      message: raised.message,
      metadata: raised.metadata,
      violations: [],
      traceback: raised.remoteTraceback,
    },
  });
});

test("violations, and when to try again", () => {
  const error = new PoduleError({
    code: "RESOURCE_EXHAUSTED",
    reason: "QUEUE_FULL",
    message: "too many",
    retryAfterMs: 100,
    violations: [{ field: "args[0]", description: "bad" }],
  });
  expect(errorText(error)).toContain("args[0]: bad");
  expect(errorText(error)).toContain("100 ms");
});

test.each([
  [raised, EXIT.PYTHON],
  [new PoduleError({ code: "INVALID_ARGUMENT", reason: "BAD_ARGUMENTS", message: "" }), EXIT.USAGE],
  [new PoduleError({ code: "NOT_FOUND", message: "" }), EXIT.NOT_FOUND],
  [new PoduleError({ code: "UNAVAILABLE", message: "" }), EXIT.UNAVAILABLE],
  [new PoduleError({ code: "UNAUTHENTICATED", message: "" }), EXIT.REFUSED],
  [new PoduleError({ code: "ALREADY_EXISTS", message: "" }), EXIT.CONFLICT],
  [new PoduleError({ code: "DEADLINE_EXCEEDED", message: "" }), EXIT.LATE],
  [new PoduleError({ code: "RESOURCE_EXHAUSTED", message: "" }), EXIT.LIMIT],
  [new PoduleError({ code: "CANCELLED", message: "" }), EXIT.INTERRUPTED],
  [new PoduleError({ code: "INTERNAL", message: "" }), EXIT.FAILED],
  [new UsageError(""), EXIT.USAGE],
  [new UserError(""), EXIT.FAILED],
  [new Error(""), EXIT.FAILED],
])("%# exits with %d", (error, code) => {
  expect(exitCodeOf(error)).toBe(code);
});
