import { mkdir, writeFile } from "node:fs/promises";
import { loadavg } from "node:os";
import { join } from "node:path";
import { cacheDir, ensureTool } from "@podule/cli";
import { describeEnvironment } from "./environment.ts";
import { GHZ, installGhz } from "./ghz.ts";
import { leaks } from "./leaks/leaks.ts";
import { python } from "./python/python.ts";
import type { Environment } from "./report.ts";
import { judge } from "./sessions/judge.ts";
import { runSessions } from "./sessions/run-sessions.ts";
import { renderSessions } from "./sessions/session-report.ts";
import { addHistory, ratiosOf, readHistory, regressions } from "./suite/history.ts";
import { renderHtml } from "./suite/render-html.ts";
import { renderText } from "./suite/render-text.ts";
import { passes } from "./suite/result.ts";
import { runSuite } from "./suite/run-suite.ts";
import type { Scenario } from "./suite/scenario.ts";
import { scenarios, select } from "./suite/scenarios.ts";

/**
 * `npm run loadtest -- quick` (two minutes), `-- all` (twenty), `-- soak MINUTES`, `-- NAME` for one scenario, `-- sessions` or
 * `-- python`, `-- leaks [OBJECTS]`: exit code 0 if all bounds hold, 1 if not.
 */
const REPORTS = join(import.meta.dirname, "../reports");

const [name = "", amountText] = process.argv.slice(2);
const amount = amountText === undefined ? undefined : Number(amountText);
const selected = name === "" ? undefined : select(name, amount);
if (name === "sessions") process.exitCode = (await sessions()) ? 0 : 1;
else if (name === "python") process.exitCode = (await python(REPORTS)) ? 0 : 1;
else if (name === "leaks") process.exitCode = (await leaks(REPORTS, amount)) ? 0 : 1;
else if (selected !== undefined) process.exitCode = (await suite(selected)) ? 0 : 1;
else {
  console.error(
    "usage: npm run loadtest -- quick | all | soak MINUTES | sessions | python | leaks [OBJECTS] | one of",
  );
  for (const scenario of scenarios) console.error(`  "${scenario.name}": ${scenario.about}`);
  process.exitCode = 2;
}

async function suite(run: readonly Scenario[]): Promise<boolean> {
  const [loadBefore = 0] = loadavg();
  const cacheFolder = cacheDir(process.env);
  const ghz = await installGhz(cacheFolder);
  const environment = describeEnvironment(await ensureTool("envoy"), GHZ, loadBefore);
  const options = {
    ghz,
    cacheFolder,
    uv: await ensureTool("uv"),
    isLong: name !== "quick",
    log: console.log,
  };
  const reports = await runSuite(run, options);
  await mkdir(REPORTS, { recursive: true });
  const history = join(REPORTS, "history.jsonl");
  const worse = regressions(reports, await readHistory(history));
  await addHistory(history, ratiosOf(reports, environment.time, environment.commit));
  const text = renderText(environment, reports, worse);
  const base = await write(
    name.replaceAll(/[^a-z0-9]+/g, "-"),
    environment,
    { environment, worse, reports },
    text,
  );
  await writeFile(`${base}.html`, renderHtml(environment, reports, worse));
  console.log(`The page with charts: ${base}.html`);
  return reports.every(passes);
}

async function sessions(): Promise<boolean> {
  const [loadBefore = 0] = loadavg();
  const place = { uv: await ensureTool("uv"), cacheFolder: cacheDir(process.env) };
  const { skipped, ...measured } = await runSessions(place, console.log);
  const environment = describeEnvironment(await ensureTool("envoy"), GHZ, loadBefore);
  const verdicts = judge(measured);
  const text = renderSessions(environment, measured, skipped);
  await write("sessions", environment, { environment, skipped, verdicts, ...measured }, text);
  return verdicts.every(({ holds }) => holds !== false);
}

async function write(kind: string, { time }: Environment, report: object, text: string): Promise<string> {
  await mkdir(REPORTS, { recursive: true });
  const base = join(REPORTS, `${kind}-${time.replaceAll(":", "")}`);
  await writeFile(`${base}.json`, `${JSON.stringify(report, undefined, 2)}\n`);
  await writeFile(`${base}.txt`, text);
  console.log(`\n${text}\nWritten to ${base}.txt and .json`);
  return base;
}
