import { mkdir, writeFile } from "node:fs/promises";
import { loadavg } from "node:os";
import { join } from "node:path";
import { cacheDir, ensureTool } from "@podule/cli";
import { startStack } from "@podule/test/stack/stack.ts";
import { describeEnvironment } from "./environment.ts";
import { GHZ, installGhz } from "./ghz.ts";
import { startGrpcioPeer } from "./grpcio-peer.ts";
import { leaks } from "./leaks/leaks.ts";
import { poduleSide } from "./podule-side.ts";
import { runQuick, type Side } from "./quick.ts";
import { type Environment, meetsExpectation, renderReport, summarize } from "./report.ts";
import { judge } from "./sessions/judge.ts";
import { runSessions } from "./sessions/run-sessions.ts";
import { renderSessions } from "./sessions/session-report.ts";

/** `npm run loadtest -- quick`, `-- sessions` or `-- leaks [OBJECTS]`: exit code 0 if what is expected of Podule holds, 1 if not. */
const REPORTS = join(import.meta.dirname, "../reports");

const [scenario, amount] = process.argv.slice(2);
const scenarios = new Map([
  ["quick", quick],
  ["sessions", sessions],
  ["leaks", () => leaks(REPORTS, amount === undefined ? undefined : Number(amount))],
]);
const run = scenarios.get(scenario ?? "");
if (run === undefined) {
  console.error(`usage: npm run loadtest -- ${[...scenarios.keys()].join("|")}`);
  process.exit(2);
}
process.exitCode = (await run()) ? 0 : 1;

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

async function write(name: string, { time }: Environment, report: object, text: string): Promise<void> {
  await mkdir(REPORTS, { recursive: true });
  const base = join(REPORTS, `${name}-${time.replaceAll(":", "")}`);
  await writeFile(`${base}.json`, `${JSON.stringify(report, undefined, 2)}\n`);
  await writeFile(`${base}.txt`, text);
  console.log(`\n${text}\nWritten to ${base}.txt and .json`);
}

async function quick(): Promise<boolean> {
  const [loadBefore = 0] = loadavg();
  const cache = cacheDir(process.env);
  const ghz = await installGhz(cache);
  await using peer = await startGrpcioPeer(await ensureTool("uv"), cache);
  const stack = await startStack();
  try {
    const grpcio: Side = {
      name: "grpcio",
      address: peer.address,
      processes: new Map([["grpcio", [peer.pid]]]),
    };
    const rounds = await runQuick(ghz, [await poduleSide(stack), grpcio], (round) =>
      console.log(`${round.side} c=${round.concurrency}: ${round.callsPerSecond.toFixed(0)} calls/s`),
    );
    const environment = describeEnvironment(await ensureTool("envoy"), GHZ, loadBefore);
    const summary = summarize(rounds);
    const text = renderReport(environment, rounds);
    await write("quick", environment, { environment, summary, rounds }, text);
    return meetsExpectation(summary);
  } finally {
    await stack.stop();
  }
}
