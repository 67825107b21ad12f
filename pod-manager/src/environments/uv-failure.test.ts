import { reasonOf } from "@podule/grpc";
import { describe, expect, it } from "vitest";
import { uvFailure, uvWords } from "./uv-failure.ts";

const fail = (stderr: string, code: number | null = 1) => {
  const { status } = uvFailure({ code, stdout: "", stderr });
  return { reason: reasonOf(status), message: status.message };
};

describe("uvFailure", () => {
  it.each([
    ["error: Failed to write\n  cause: No space left on device (os error 28)", "ENVIRONMENT_DISK_FULL"],
    ["error: Failed to build `x`\n  cause: No space left on device (os error 28)", "ENVIRONMENT_DISK_FULL"],
    [
      "error: Failed to fetch: https://i/simple/six/\n  cause: Connection refused (os error 111)",
      "DEPENDENCY_DOWNLOAD_FAILED",
    ],
    ["error: Hash mismatch for `six==1.17.0`", "DEPENDENCY_HASH_MISMATCH"],
    ["error: Failed to build `x`\n  cause: The build backend returned an error", "BUILD_FAILED"],
    ["error: Couldn't parse requirement in `-` at position 0", "DEPENDENCY_INVALID"],
    [
      "error: No solution found when resolving dependencies\n  cause: Because x was not found in the package registry",
      "DEPENDENCY_NOT_FOUND",
    ],
    [
      "error: No solution found when resolving dependencies\n  cause: Because there is no version of six==99.0 and you require six==99.0, we can conclude that your\n   requirements are unsatisfiable.",
      "DEPENDENCY_NOT_FOUND",
    ],
    [
      "error: No solution found when resolving dependencies\n  cause: Because you require a==1 and a==2, we can conclude that your requirements are unsatisfiable.",
      "DEPENDENCY_CONFLICT",
    ],
    ["error: No interpreter found for Python 3.99 in managed installations", "PYTHON_NOT_FOUND"],
    ["what?", "UV_FAILED"],
    ["", "UV_FAILED"],
  ])("%j is %s", (stderr, reason) => {
    expect(fail(stderr).reason).toBe(reason);
  });

  it("tells a killed uv", () => {
    expect(fail("", 137).message).toBe("uv was killed");
  });

  it("keeps uv's words, without colours and the warnings before them, bounded", () => {
    expect(
      uvWords("warning: old\n\u001b[1m\u001b[31merror\u001b[39m\u001b[0m: it broke\n  cause: this\n"),
    ).toBe("it broke\n  cause: this");
    const long = uvWords(`error: begin${"x".repeat(100_000)}end`);
    expect(long.length).toBeLessThan(4100);
    expect(long).toMatch(/^begin.*end$/s);
  });
});
