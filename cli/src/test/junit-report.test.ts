import { expect, test } from "vitest";
import { readJunitReport } from "./junit-report.ts";

test("pytest", () => {
  const xml = `<?xml version="1.0"?><testsuites name="pytest tests"><testsuite name="pytest" errors="1" failures="2" skipped="3" tests="10" time="0.1"><testcase/></testsuite></testsuites>`;
  expect(readJunitReport(xml)).toEqual({ passed: 4, failed: 3, skipped: 3 });
  expect(readJunitReport("")).toBeUndefined();
});
