import { expect, test } from "vitest";
import { readVitestReport } from "./vitest-report.ts";

test("tests, and files that could not be loaded", () => {
  const report = {
    numPassedTests: 3,
    numFailedTests: 1,
    numPendingTests: 2,
    numTodoTests: 1,
    testResults: [
      {
        name: "/a.test.ts",
        status: "failed",
        assertionResults: [
          { status: "failed", fullName: "adds", failureMessages: ["Error: 3\n    at x"] },
          { status: "passed" },
        ],
      },
      { name: "/b.test.ts", status: "failed", message: "no such import\n", assertionResults: [] },
      { name: "/c.test.ts", status: "passed", assertionResults: [{ status: "passed" }] },
    ],
  };
  expect(readVitestReport(JSON.stringify(report))).toEqual({
    counts: { passed: 3, failed: 2, skipped: 3 },
    failures: [
      { file: "/a.test.ts", test: "adds", message: "Error: 3" },
      { file: "/b.test.ts", test: "", message: "no such import" },
    ],
  });
});

test.each(["", "{", "null", "[]", "{}"])("%j is no report", (text) => {
  expect(readVitestReport(text)).toBeUndefined();
});
