import { expect, test } from "vitest";
import { failuresOfJunit, readJunitReport } from "./junit-report.ts";

test("pytest", () => {
  const xml = `<?xml version="1.0"?><testsuites name="pytest tests"><testsuite name="pytest" errors="1" failures="2" skipped="3" tests="10" time="0.1"><testcase/></testsuite></testsuites>`;
  expect(readJunitReport(xml)).toEqual({ passed: 4, failed: 3, skipped: 3 });
  expect(readJunitReport("")).toBeUndefined();
});

test("which tests failed", () => {
  const xml =
    '<testsuite><testcase classname="tests.test_a" name="adds" time="0.1" /><testcase classname="tests.test_a" name="test_b[1]"><failure message="assert 1 == 2&#10;more">trace</failure></testcase></testsuite>';
  expect(failuresOfJunit(xml)).toEqual(["tests.test_a: test_b[1]: assert 1 == 2"]);
});
