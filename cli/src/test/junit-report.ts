import { type Counts, count, NONE } from "./outcome.ts";

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

/** The tests that failed: file, name and the first line of what they said. */
export function failuresOfJunit(xml: string): string[] {
  return xml
    .split("<testcase ")
    .slice(1)
    .flatMap((test) => {
      const message = /<(?:failure|error) message="([^"]*)"/.exec(test)?.[1];
      if (message === undefined) return [];
      const read = (name: string) => new RegExp(`\\b${name}="([^"]*)"`).exec(test)?.[1] ?? "";
      return [`${read("classname")}: ${read("name")}: ${message.split("&#10;")[0]}`];
    });
}
