import { expect, test } from "vitest";
import { total } from "./outcome.ts";
import { readJunitReport, readVitestReport } from "./reports.ts";

test("vitest: tests, and files that could not be loaded", () => {
  const report = {
    numPassedTests: 3,
    numFailedTests: 1,
    numPendingTests: 2,
    numTodoTests: 1,
    testResults: [
      { status: "failed", assertionResults: [{ status: "failed" }, { status: "passed" }] },
      { status: "failed", assertionResults: [] },
      { status: "passed", assertionResults: [{ status: "passed" }] },
    ],
  };
  expect(readVitestReport(JSON.stringify(report))).toEqual({ passed: 3, failed: 2, skipped: 3 });
});

test.each(["", "{", "null", "[]", "{}"])("vitest: %j is no report", (text) => {
  expect(readVitestReport(text)).toBeUndefined();
});

test("pytest", () => {
  const xml = `<?xml version="1.0"?><testsuites name="pytest tests"><testsuite name="pytest" errors="1" failures="2" skipped="3" tests="10" time="0.1"><testcase/></testsuite></testsuites>`;
  expect(readJunitReport(xml)).toEqual({ passed: 4, failed: 3, skipped: 3 });
  expect(readJunitReport("")).toBeUndefined();
});

test("under CI what was skipped has failed", () => {
  const outcomes = [
    { title: "a", ms: 1, counts: { passed: 5, failed: 0, skipped: 2 } },
    { title: "b", ms: 1, counts: { passed: 1, failed: 1, skipped: 0 } },
  ];
  expect(total(outcomes, false)).toEqual({ passed: 6, failed: 1, skipped: 2 });
  expect(total(outcomes, true)).toEqual({ passed: 6, failed: 3, skipped: 2 });
});
