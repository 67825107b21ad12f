import { type Counts, NONE } from "./outcome.ts";

/** What vitest's JSON report counts. A file that could not even be loaded is one failure. Undefined: no report. */
export function readVitestReport(text: string): Counts | undefined {
  const report = parseObject(text);
  if (report === undefined || !Array.isArray(report["testResults"])) return undefined;
  const files: unknown[] = report["testResults"];
  const unloaded = files.filter(isUnloaded).length;
  return {
    passed: count(report["numPassedTests"]),
    failed: count(report["numFailedTests"]) + unloaded,
    skipped: count(report["numPendingTests"]) + count(report["numTodoTests"]),
  };
}

function isUnloaded(file: unknown): boolean {
  if (typeof file !== "object" || file === null) return false;
  if (!("status" in file) || file.status !== "failed" || !("assertionResults" in file)) return false;
  const results: unknown[] = Array.isArray(file.assertionResults) ? file.assertionResults : [];
  const failed = (result: unknown) =>
    typeof result === "object" && result !== null && "status" in result && result.status === "failed";
  return !results.some(failed);
}

/** What pytest's JUnit report counts. Undefined: no report. */
export function readJunitReport(xml: string): Counts | undefined {
  const suites = [...xml.matchAll(/<testsuite\s([^>]*)>/g)].map(([, attributes = ""]) => attributes);
  if (suites.length === 0) return undefined;
  return suites
    .map((suite) => {
      const read = (name: string) => count(Number(new RegExp(`\\b${name}="(\\d+)"`).exec(suite)?.[1] ?? 0));
      const failed = read("failures") + read("errors");
      const skipped = read("skipped");
      return { passed: Math.max(0, read("tests") - failed - skipped), failed, skipped };
    })
    .reduce(
      (sum, suite) => ({
        passed: sum.passed + suite.passed,
        failed: sum.failed + suite.failed,
        skipped: sum.skipped + suite.skipped,
      }),
      NONE,
    );
}

function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? { ...value } : undefined;
  } catch {
    return undefined;
  }
}

function count(value: unknown): number {
  return typeof value === "number" && Number.isInteger(value) && value > 0 ? value : 0;
}
