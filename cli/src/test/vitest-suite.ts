import { relative } from "node:path";
import { inRoot, ROOT, show, type TestContext, withReport } from "./context.ts";
import { one, type Result } from "./outcome.ts";
import { type Failure, readVitestReport, type VitestReport } from "./vitest-report.ts";

/** With more failures than these the code is at fault, not the machine. */
const FILES_RUN_AGAIN = 5;

/**
 * The tests of one of vitest's projects. Files with failures run once more, alone: what passes then is not counted as failed, but
 * named, since a test that is only mostly right has to be mended, too.
 */
export async function vitestSuite(project: string, context: TestContext): Promise<Result> {
  const first = await runVitest(project, [], context);
  if (first === undefined) return one(false);
  const files = [...new Set(first.failures.map(({ file }) => file))];
  if (files.length === 0 || files.length > FILES_RUN_AGAIN || context.signal.aborted)
    return { ...first.counts, failures: first.failures.map(describe) };
  console.log(`\nagain, alone: ${files.map((file) => relative(ROOT, file)).join(", ")}`);
  const again = await runVitest(project, files, context);
  if (again === undefined) return { ...first.counts, failures: first.failures.map(describe) };
  const isStill = ({ file, test }: Failure) =>
    again.failures.some((failure) => failure.file === file && (failure.test === test || failure.test === ""));
  const mended = first.failures.filter((failure) => !isStill(failure));
  return {
    passed: first.counts.passed + mended.filter(({ test }) => test !== "").length,
    failed: again.failures.length,
    skipped: first.counts.skipped,
    failures: again.failures.map(describe),
    unsteady: mended.map(describe),
  };
}

async function runVitest(
  project: string,
  files: readonly string[],
  context: TestContext,
): Promise<VitestReport | undefined> {
  const main = inRoot("node_modules/vitest/vitest.mjs");
  let code = -1;
  const text = await withReport(async (file) => {
    const reporters = ["--reporter=default", "--reporter=json", `--outputFile.json=${file}`];
    code = await show(process.execPath, [main, "run", "--project", project, ...reporters, ...files], context);
  });
  const report = readVitestReport(text);
  if (report === undefined || code === 0 || report.failures.length > 0) return report;
  // Something outside the tests went wrong, such as a rejection that nobody handled.
  return {
    counts: { ...report.counts, failed: 1 },
    failures: [{ file: ROOT, test: project, message: `vitest ended with ${code}` }],
  };
}

function describe({ file, test, message }: Failure): string {
  return [relative(ROOT, file), test, message].filter((part) => part !== "").join(": ");
}
