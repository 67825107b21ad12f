import { type Counts, count } from "./outcome.ts";

/** One test that failed, or a file that could not be loaded. */
export interface Failure {
  /** Absolute. */
  readonly file: string;
  /** Empty: the file itself. */
  readonly test: string;
  /** The first line of what it said. */
  readonly message: string;
}

export interface VitestReport {
  readonly counts: Counts;
  readonly failures: readonly Failure[];
}

/** What vitest's JSON report says. Undefined: no report. */
export function readVitestReport(text: string): VitestReport | undefined {
  const report = parseObject(text);
  if (report === undefined || !Array.isArray(report["testResults"])) return undefined;
  const failures = objects(report["testResults"]).flatMap(failuresOf);
  return {
    failures,
    counts: {
      passed: count(report["numPassedTests"]),
      failed: failures.length,
      skipped: count(report["numPendingTests"]) + count(report["numTodoTests"]),
    },
  };
}

function failuresOf(file: Record<string, unknown>): Failure[] {
  if (file["status"] !== "failed") return [];
  const name = String(file["name"] ?? "");
  const failed = objects(file["assertionResults"]).filter(({ status }) => status === "failed");
  if (failed.length === 0) return [{ file: name, test: "", message: firstLine(file["message"]) }];
  return failed.map(({ fullName, failureMessages }) => ({
    file: name,
    test: String(fullName ?? ""),
    message: firstLine(Array.isArray(failureMessages) ? failureMessages[0] : undefined),
  }));
}

function firstLine(text: unknown): string {
  return typeof text === "string" ? (text.trim().split("\n")[0] ?? "") : "";
}

function objects(value: unknown): Record<string, unknown>[] {
  const values: unknown[] = Array.isArray(value) ? value : [];
  return values.flatMap((one) => (typeof one === "object" && one !== null ? [{ ...one }] : []));
}

function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? { ...value } : undefined;
  } catch {
    return undefined;
  }
}
